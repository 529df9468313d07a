// Repeats: the blocks of a network that are the same but for their dilation and weights, so that a
// drawing can show one of them and count the rest.
#pragma once

#include <optional>
#include <vector>

#include "tessera/compiler/graph.h"

namespace tessera {

// One block: nodes[i] is the node that stands at place i of the pattern; kNoNode where this block
// lacks it (the first block has no skip sum to add to, the last may have no residual).
struct RepeatInstance {
  std::vector<NodeId> nodes;
};

struct Repeats {
  std::vector<RepeatInstance> instances;  // in order, at least two; complete except the outermost
  size_t typical = 0;                     // index of a complete one to show
};

// The repetition that covers most nodes, or nothing if less than half of the nodes repeat.
std::optional<Repeats> find_repeats(const Graph& graph);

}  // namespace tessera
