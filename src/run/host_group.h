// The host steps between two segments as one graph.
#pragma once

#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"

namespace tessera {

struct HostGroup {
  Graph graph;                 // inputs follow reads, outputs follow writes
  std::vector<NodeId> reads;   // values of plan.graph made before
  std::vector<NodeId> writes;  // values of plan.graph needed afterwards
};

// `nodes` in order. Inputs of the plan's graph are no steps of a group: they are values given.
// Constants lie in every group that reads them and are never passed on; a group of constants alone
// is empty, without reads and writes.
Result<HostGroup> make_host_group(const Graph& graph, const std::vector<NodeId>& nodes);

}  // namespace tessera
