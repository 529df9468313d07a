// Any text as an HN: outlined, made a graph with weights that fit no layer, and held to a network
// of ours.
#include <cstdint>
#include <string>

#include "support/har_builder.h"
#include "vendor/hailo/hn/hn_diff.h"
#include "vendor/hailo/hn/hn_graph.h"

namespace {

using namespace tessera;

HnWeights small_weights() {
  const std::string npz = test::small_weights();
  return HnWeights(NpzFile::parse({npz.begin(), npz.end()}, "net.npz").value());
}

Graph ours() {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{{3, 2, 8}}, {}, "x").value();
  Conv conv{Tensor::full({4, 3, 1, 3}, 1), Tensor::full({4}, 1)};
  conv.padding = {0, 0, 1, 1};
  const NodeId y = editor.add(std::move(conv), {x}, "/conv/Conv").value();
  editor.add_output("y", editor.add(Unary{UnaryKind::relu}, {y}, "/act/Relu").value());
  return graph;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const HnWeights weights = small_weights();
  static const Graph graph = ours();
  const auto hn = read_hn({data, size}, "fuzz");
  if (!hn) return 0;
  (void)outline_hn(*hn).has_value();
  (void)hn_to_graph(*hn, weights).has_value();
  (void)diff_hn(graph, *hn, &weights).has_value();
  return 0;
}
