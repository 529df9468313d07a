// Nodes whose result is their operand.
#pragma once

#include "tessera/compiler/graph.h"

namespace tessera {

// A slice of everything, a pad of nothing, a concat of one, an affine of ones and zeros.
bool is_identity(const Graph& graph, NodeId node);

}  // namespace tessera
