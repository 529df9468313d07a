#include "target/chip_demand.h"

#include "target/ledger.h"
#include "target/memory_ledger.h"

namespace tessera {

double compute_seconds(const Graph& graph, const Target& target) {
  const double cycles = target.architecture == Architecture::sequential
                            ? make_memory_ledger(graph, target).cycles
                            : static_cast<double>(make_ledger(graph, target).bottleneck_cycles);
  return cycles / target.unit("clock");
}

int64_t weight_bytes_of(const Graph& graph) {
  int64_t bytes = 0;
  for (NodeId id : graph.order()) {
    for (const NamedWeight& weight : weights_of(graph.node(id).op)) {
      if (weight.name == "weight") bytes += weight.tensor->size();
    }
  }
  return bytes;
}

}  // namespace tessera
