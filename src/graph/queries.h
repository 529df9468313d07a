// Questions about a node and its neighbours that several stages ask.
#pragma once

#include "tessera/compiler/graph.h"

namespace tessera {

// The only reader of a node's value, which reads it once, where the node is no output of the graph:
// its value may take another form. Else kNoNode.
NodeId sole_user(const Graph& graph, NodeId id);

// Kernel 1x1, stride 1, no padding, one group: a matrix applied to every frame.
bool is_pointwise(const Conv& conv);
bool is_pointwise(const Graph& graph, NodeId id);

// Each of `in_channels` channels has one filter of its own, and more than one there are.
bool is_depthwise(const Conv& conv, int64_t in_channels);

}  // namespace tessera
