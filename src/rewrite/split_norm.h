// A norm as statistics and an affine per channel: what the host computes and what remains.
#pragma once

#include "tessera/compiler/rewrite.h"

namespace tessera {

bool is_norm(const Graph& graph, NodeId node, NormKind kind);

// Replaces the norm by ScaleShift(x, NormStatistics(x)); the norm's node keeps its name.
Result<Outcome> split_norm(GraphEditor& editor, NodeId node);

}  // namespace tessera
