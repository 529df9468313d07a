// A quantised network as ONNX: what is computed for one norm does not reach another, and the bytes
// are a function of network and encodings. Values are judged in integer_witness.py.
#include "tessera/compiler/export.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "model/onnx/proto.h"
#include "support/integer_reference.h"
#include "support/random_norms.h"
#include "support/random_values.h"

namespace tessera {
namespace {

std::vector<float> values_of(const onnx::TensorProto& tensor) {
  const std::string& raw = tensor.raw_data();
  std::vector<float> values(raw.size() / sizeof(float));
  std::copy_n(raw.data(), raw.size(), reinterpret_cast<char*>(values.data()));
  return values;
}

// Every division by frame counts divides by channels, 2*channels, ... of its own norm's operand.
// Adds how many there are.
void expect_own_counts(const Graph& graph, const onnx::GraphProto& proto, uint32_t seed,
                       int64_t& divisions) {
  std::map<std::string, const onnx::TensorProto*> constants;
  for (const auto& tensor : proto.initializer()) constants[tensor.name()] = &tensor;
  for (const auto& node : proto.node()) {
    if (node.op_type() != "Div" || !constants.contains(node.input(1))) continue;
    if (node.input(1).find(".count") == std::string::npos) continue;
    const std::string norm = node.output(0).substr(0, node.output(0).rfind('/'));
    const Shape operand = graph.operand_shapes(graph.find(norm)).at(0);
    const std::vector<float> counts = values_of(*constants[node.input(1)]);
    ASSERT_EQ(counts.size(), static_cast<size_t>(operand.w)) << seed << " " << norm;
    for (int64_t t = 0; t < operand.w; ++t)
      ASSERT_EQ(counts[static_cast<size_t>(t)], static_cast<float>((t + 1) * operand.c))
          << seed << " " << norm;
    ++divisions;
  }
}

TEST(ExportIntegers, EveryCumulativeNormHasCountsOfItsOwnWidth) {
  int64_t divisions = 0;
  for (uint32_t seed = 0; seed < 30; ++seed) {
    const Graph graph = test::random_norms(seed, true);
    const Encodings encodings = test::random_encodings(graph, seed);
    for (const IntegerForm form : integer_forms(IntegerArithmetic::onnx)) {
      const auto bytes = export_integers(graph, encodings, form);
      ASSERT_TRUE(bytes) << bytes.error().to_string();
      onnx::ModelProto model;
      ASSERT_TRUE(model.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())));
      expect_own_counts(graph, model.graph(), seed, divisions);
    }
  }
  EXPECT_GT(divisions, 100);
}

TEST(ExportIntegers, TheSameNetworkGivesTheSameBytesHoweverItLiesInMemory) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    for (const IntegerForm form : integer_forms(IntegerArithmetic::onnx)) {
      const Graph graph = test::random_norms(seed, true);
      const Encodings encodings = test::random_encodings(graph, seed);
      const auto first = export_integers(graph, encodings, form);
      std::vector<std::vector<float>> elsewhere;
      for (uint32_t i = 1; i < 200; ++i) elsewhere.emplace_back(i * (seed + 1), 1.0F);
      const auto second = export_integers(graph, encodings, form);
      const auto again = export_integers(test::random_norms(seed, true), encodings, form);
      ASSERT_TRUE(first && second && again);
      EXPECT_EQ(*first, *second) << seed;
      EXPECT_EQ(*first, *again) << seed;
    }
  }
}

}  // namespace
}  // namespace tessera
