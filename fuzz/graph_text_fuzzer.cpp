// Graph text: whatever parses prints to a text that parses to the same text again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tessera/compiler/analysis.h"
#include "tessera/compiler/graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto graph = tessera::parse_graph(text, "fuzz", {.nodes = 1000, .weight_values = 1 << 20});
  if (!graph) return 0;
  const std::string printed = tessera::print_graph(*graph);
  const auto again = tessera::parse_graph(printed);
  TESSERA_CHECK(again.has_value(), again.error().to_string());
  TESSERA_CHECK(tessera::print_graph(*again) == printed, "printing is stable");
  (void)tessera::costs(*graph);
  (void)tessera::length_audit(*graph);
  for (tessera::NodeId input : graph->inputs()) (void)tessera::dependence_on(*graph, input);
  return 0;
}
