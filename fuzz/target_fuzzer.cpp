// Any bytes as a target file; a network is then judged by it.
#include <cstdint>

#include "tessera/compiler/target.h"

namespace {

tessera::Graph network() {
  using namespace tessera;
  Graph graph;
  GraphEditor editor(graph, "import");
  Conv conv;
  conv.weight = Tensor::full({64, 16, 1, 3}, 0);
  const NodeId input = *editor.add(Input{{16, 1, 4000}}, {});
  const NodeId wide = *editor.add(conv, {input});
  const NodeId out = *editor.add(Unary{UnaryKind::relu, {}}, {wide});
  editor.add_output("out", out);
  return graph;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const tessera::Graph graph = network();
  const auto target = tessera::parse_target({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (target) (void)tessera::check(graph, *target);
  return 0;
}
