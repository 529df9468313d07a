// What a TensorFlow Lite file holds, as far as its bytes tell. LiteRT judges what it computes, in
// tflite_witness.py.
#include <gtest/gtest.h>

#include <string_view>

#include "support/random_graph.h"
#include "support/tflite_integers.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/graph.h"

namespace tessera {
namespace {

std::string_view text_of(const std::vector<uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<uint8_t> exported(const Graph& graph, const TfliteOptions& options = {}) {
  const auto bytes = export_tflite(graph, options);
  EXPECT_TRUE(bytes.has_value()) << bytes.error().to_string();
  return bytes ? *bytes : std::vector<uint8_t>();
}

TEST(ExportTflite, HasTheFormatsIdentifierAndTheNamesOfTheGraph) {
  const Graph graph = test::random_conv_tasnet(3);
  const auto bytes = exported(graph, {{{"sample_rate", "8000"}}});
  EXPECT_EQ(text_of(bytes).substr(4, 4), "TFL3");
  EXPECT_NE(text_of(bytes).find("sample_rate"), std::string_view::npos);
  for (const GraphOutput& output : graph.outputs())
    EXPECT_NE(text_of(bytes).find(output.name), std::string_view::npos);
}

TEST(ExportTflite, GivesTheSameBytesEachTime) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    const Graph graph = test::random_conv_tasnet(seed);
    const auto copy = parse_graph(print_graph(graph));
    ASSERT_TRUE(copy.has_value());
    EXPECT_EQ(exported(graph), exported(*copy));
    const test::TfliteNetwork network = test::random_tflite_network(seed);
    const auto first = export_tflite(network.graph, network.encodings);
    const auto second = export_tflite(network.graph, network.encodings);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(*first, *second);
  }
}

// Weights lie at multiples of 16 bytes, as runtimes map them.
TEST(ExportTflite, AlignsConstants) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{Shape{3, 1, 5}}, {}, "x").value();
  Conv conv;
  conv.weight = Tensor({1, 3, 1, 1}, {1234.5F, 2345.5F, 3456.5F});
  editor.add_output("y", editor.add(conv, {x}, "y").value());
  const auto bytes = exported(graph);
  const float first[] = {1234.5F, 2345.5F, 3456.5F};
  const std::string_view wanted(reinterpret_cast<const char*>(first), sizeof(first));
  const size_t at = text_of(bytes).find(wanted);
  ASSERT_NE(at, std::string_view::npos);
  EXPECT_EQ(at % 16, 0U);
}

TEST(ExportTflite, RefusesWhatHasNoOperatorByName) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{Shape{3, 1, 5}}, {}, "x").value();
  Unary erf;
  erf.kind = UnaryKind::erf;
  editor.add_output("y", editor.add(erf, {x}, "curve").value());
  const auto refused = export_tflite(graph);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(
      refused.error().to_string(),
      "curve: unary.erf has no operator in TensorFlow Lite (export the network as ONNX, or cut "
      "it before this node)");
}

TEST(ExportTflite, RefusesIntegersOfAnotherArithmetic) {
  test::TfliteNetwork network = test::random_tflite_network(0);
  network.encodings.arithmetic = IntegerArithmetic::onnx;
  const auto refused = export_integers(network.graph, network.encodings, IntegerForm::tflite);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().to_string(),
            "encodings: are for the arithmetic onnx, and a TensorFlow Lite file is computed in its "
            "own (build the package for a target whose arithmetic is tflite)");
  network.encodings.arithmetic = IntegerArithmetic::tflite;
  const auto onnx = export_integers(network.graph, network.encodings, IntegerForm::qdq);
  ASSERT_FALSE(onnx.has_value());
  EXPECT_EQ(onnx.error().to_string(),
            "encodings: are for the arithmetic tflite, which no ONNX operator computes in (write a "
            "TensorFlow Lite file, or build the package for a target whose arithmetic is onnx)");
}

}  // namespace
}  // namespace tessera
