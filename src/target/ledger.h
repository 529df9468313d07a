// The unit ledger of a graph: what each layer takes at least, which proves "does not fit", and an
// estimate of what the vendor's allocator would give it, which proves nothing.
#pragma once

#include <string>
#include <vector>

#include "target/ledger_rules.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/target.h"

namespace tessera {

// One logical layer: a node with the activation that its hardware applies on the way out.
struct LedgerLine {
  NodeId node = kNoNode;
  NodeId out = kNoNode;        // the node whose value leaves: the activation, if one is carried
  int64_t layers = 1;          // physical layers its operation is made of (norms and softmax: many)
  int64_t weight_bytes = 0;    // 8 bit
  int64_t cycles = 0;          // of one compute unit
  bool dense = false;          // features are padded per compute unit
  bool divides_input = false;  // parts take slices of the features, so a splitter stands before

  Units least;          // no allocation has less
  int64_t sc = 1;       // estimated compute units
  int64_t parts = 1;    // estimated physical layers it is split into
  int64_t helpers = 0;  // concats, splitters and shortcuts that this brings
  Units estimate;       // with parts and helpers
};

struct Ledger {
  std::vector<LedgerLine> lines;
  Units chip;  // all clusters
  Units least;
  Units estimate;
  int64_t contexts_at_least = 1;
  int64_t contexts = 1;           // estimated
  int64_t physical_layers = 0;    // estimated
  int64_t bottleneck_cycles = 0;  // of the estimate: cycles of the slowest layer
};

// Rows of a tensor of `height` rows that one reader buffers: what it sees at once along H, and one
// that is being filled.
int64_t rows_needed(const Node& reader, int64_t height);

Ledger make_ledger(const Graph& graph, const Target& target);

// Cycles of the slowest layer when `sc_budget` compute units are spread so that layers take equal
// time: the least with which the sum fits, or the largest layer's when nothing does.
struct LayerWork {
  int64_t cycles = 0;
  int64_t weight_bytes = 0;
};
int64_t equal_cycles(const std::vector<LayerWork>& layers, int64_t sc_budget, const Chip& chip);

}  // namespace tessera
