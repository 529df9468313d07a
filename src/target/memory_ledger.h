// The memory ledger of a chip that runs one operator after another: the values that lie in its
// shared memory at one time, and the cycles of every operator.
#pragma once

#include <cstdint>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/target.h"

namespace tessera {

// A node with the activation that is applied to its results on the way out.
struct OperatorLine {
  NodeId node = kNoNode;
  NodeId out = kNoNode;  // the node whose value is stored: the activation, if one is fused
  int64_t weight_bytes = 0;
  int64_t live_bytes = 0;  // values that are needed while it runs, its own included, 8 bit each
  double cycles = 0;       // estimated: its arithmetic, or the memory where that takes longer
};

struct MemoryLedger {
  std::vector<OperatorLine> lines;  // in order of execution
  // What the network reads, and what it writes, lies there whole: no schedule needs less.
  int64_t at_least_bytes = 0;
  // Every value whole, in the order of the graph: schedules that work in stripes need less.
  int64_t estimated_bytes = 0;
  int64_t weight_bytes = 0;
  double cycles = 0;
};

// `target` must be sequential.
MemoryLedger make_memory_ledger(const Graph& graph, const Target& target);

}  // namespace tessera
