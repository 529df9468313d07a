// What an exported file holds: read again it computes what the graph computes, whatever the graph,
// and its bytes are a function of the graph alone. ONNX Runtime judges the same networks in
// random_export_witness.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "base/npy.h"
#include "model/onnx/import_onnx.h"
#include "support/random_graph.h"
#include "support/random_layout.h"
#include "support/random_norms.h"
#include "support/random_op.h"
#include "support/random_values.h"
#include "support/scratch_folder.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/import.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

using Arrays = std::vector<std::vector<float>>;

const std::string kField =
    std::string(TESSERA_SOURCE_DIR) + "/tests/data/field/export_cumulative_widths/";

// Largest difference, as a share of the largest value of `b`.
double apart(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double difference = 0;
  double peak = 1e-3;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i])) return INFINITY;
    difference = std::max(difference, std::abs(static_cast<double>(a[i]) - b[i]));
    peak = std::max(peak, std::abs(static_cast<double>(b[i])));
  }
  return difference / peak;
}

std::vector<uint8_t> exported(const Graph& graph, const ExportOptions& options = {}) {
  auto bytes = export_onnx(graph, options);
  EXPECT_TRUE(bytes) << bytes.error().to_string();
  return bytes ? std::move(*bytes) : std::vector<uint8_t>();
}

ExportOptions layouts_of(const Graph& graph, uint32_t seed) {
  ExportOptions options;
  for (NodeId id : graph.inputs())
    options.inputs.push_back(test::random_layout(graph.node(id).name, graph.node(id).shape, seed));
  for (const GraphOutput& output : graph.outputs())
    options.outputs.push_back(
        test::random_layout(output.name, graph.node(output.node).shape, seed));
  return options;
}

// The file's outputs in the file's layout, computed from what the importer reads.
Result<Arrays> run_file(const std::vector<uint8_t>& bytes, const Arrays& inputs) {
  TESSERA_TRY(const ImportedModel model, import_onnx({"memory.onnx", bytes}, {}));
  Arrays values = inputs;
  for (size_t i = 0; i < inputs.size(); ++i)
    TESSERA_TRY_VOID(to_graph_layout(model.inputs[i], inputs[i], values[i]));
  Arrays outputs = test::run_graph(model.graph, values);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::vector<float> graph_order = outputs[i];
    TESSERA_TRY_VOID(to_file_layout(model.outputs[i], graph_order, outputs[i]));
  }
  return outputs;
}

void expect_same_when_read_again(const Graph& graph, const std::string& name, uint32_t seed) {
  const Arrays inputs = test::random_inputs(graph, seed);
  const Arrays expected = test::run_graph(graph, inputs);
  const auto again = run_file(exported(graph), inputs);
  ASSERT_TRUE(again) << name << ": " << again.error().to_string();
  ASSERT_EQ(again->size(), expected.size()) << name;
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_LT(apart((*again)[i], expected[i]), 1e-5) << name << ", output " << i;
}

TEST(ExportedNetworks, OfOneOpComputeTheSameWhenReadAgain) {
  for (uint32_t seed = 0; seed < 20 * kOpKinds; ++seed) {
    // An output that no input reaches is nothing that an importer takes for a network.
    if (op_kind_name(seed % kOpKinds) == "constant") continue;
    expect_same_when_read_again(test::random_op(seed), "random_op " + std::to_string(seed), seed);
  }
}

TEST(ExportedNetworks, OfManyOpsComputeTheSameWhenReadAgain) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    expect_same_when_read_again(test::random_graph(seed, {.rewritten = seed % 2 == 1}),
                                "random_graph " + std::to_string(seed), seed);
  }
}

TEST(ExportedNetworks, OfManyNormsComputeTheSameWhenReadAgain) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    expect_same_when_read_again(test::random_norms(seed, seed % 2 == 1),
                                "random_norms " + std::to_string(seed), seed);
  }
}

// Takes memory of many sizes and gives some of it back: the next allocations lie elsewhere.
Arrays other_memory(uint32_t seed) {
  test::Random random(seed);
  Arrays kept;
  for (int i = 0; i < 200; ++i) {
    std::vector<float> block(static_cast<size_t>(random.integer(1, 4000)), 1.0F);
    if (random.chance(0.5)) kept.push_back(std::move(block));
  }
  return kept;
}

TEST(ExportedBytes, AreThoseOfTheSameGraphHoweverItLiesInMemory) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const Graph graph = test::random_norms(seed, seed % 2 == 1);
    const ExportOptions options = layouts_of(graph, seed);
    const auto plain = exported(graph);
    const auto laid = exported(graph, options);
    const Arrays kept = other_memory(seed);
    EXPECT_EQ(exported(graph), plain) << seed;
    EXPECT_EQ(exported(graph, options), laid) << seed;
    const auto copy = parse_graph(print_graph(graph));  // the same graph in storage of its own
    ASSERT_TRUE(copy) << copy.error().to_string();
    EXPECT_EQ(exported(*copy), plain) << seed;
  }
}

TEST(ExportedBytes, AreThoseOfTheSameFileUnderAnyPath) {
  const ScratchFolder folder;
  for (const std::string name : {"asteroid_causal.pth", "net.onnx"}) {
    std::vector<uint8_t> first;
    for (const size_t letters : {1, 7, 30, 31, 100, 200}) {
      const fs::path path = folder / std::string(letters, 'n') /
                            (std::string(letters, 'f') + name.substr(name.find('.')));
      fs::create_directories(path.parent_path());
      fs::copy_file(kField + name, path);
      const auto model = import_model(path);
      ASSERT_TRUE(model) << model.error().to_string();
      const auto bytes = exported(model->graph, {model->inputs, model->outputs, model->metadata});
      if (first.empty()) first = bytes;
      EXPECT_EQ(bytes, first) << path;
    }
  }
}

// Causal, cumulative norms of two widths: each is divided by counts of its own frames and channels.
// net.onnx is for 82 samples.
struct CumulativeWidths {
  std::string name;
  std::vector<int64_t> lengths;
  std::string input;
  std::string expected;  // by other arithmetic than ours
};
const CumulativeWidths kCumulativeWidths[] = {
    {"asteroid_causal.pth", {800, 1600, 4000, 32000}, "asteroid_in.npy", "asteroid_expected.npy"},
    {"net.onnx", {82}, "in.npy", "expected.npy"}};

Result<ImportedModel> imported(const std::string& name, int64_t length) {
  ImportOptions options;
  options.length_samples = length;
  return import_model(kField + name, options);
}

TEST(ExportedCumulativeWidths, AreKeptApartAtEveryLength) {
  for (const CumulativeWidths& network : kCumulativeWidths) {
    for (const int64_t length : network.lengths) {
      const auto model = imported(network.name, length);
      ASSERT_TRUE(model) << model.error().to_string();
      expect_same_when_read_again(model->graph, network.name, 1);
    }
  }
}

TEST(ExportedCumulativeWidths, GiveTheValuesThatAreExpected) {
  for (const CumulativeWidths& network : kCumulativeWidths) {
    const auto input = read_npy(kField + network.input);
    const auto expected = read_npy(kField + network.expected);
    ASSERT_TRUE(input && expected);
    const auto model = imported(network.name, input->dims.back());
    ASSERT_TRUE(model) << model.error().to_string();
    const auto again = run_file(exported(model->graph), {input->values});
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_LT(apart(again->at(0), expected->values), 1e-5) << network.name;
  }
}

}  // namespace
}  // namespace tessera
