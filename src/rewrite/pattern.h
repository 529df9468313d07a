// Questions that rules ask about a node's surroundings.
#pragma once

#include <vector>

#include "graph/queries.h"
#include "tessera/compiler/graph.h"

namespace tessera {

// `node` is `ancestor` or computed from it.
bool depends_on(const Graph& graph, NodeId node, NodeId ancestor);

// Some graph output needs it, or it is an input.
std::vector<bool> needed_nodes(const Graph& graph);

// Operands of a tree of Adds whose inner sums nobody else reads, left to right.
std::vector<NodeId> sum_terms(const Graph& graph, NodeId root);
// An Add whose value is not itself just a term of a larger sum.
bool is_sum_root(const Graph& graph, NodeId node);

int64_t total_macs(const Graph& graph);
int64_t node_macs(const Graph& graph, NodeId node);
int64_t node_count(const Graph& graph);

}  // namespace tessera
