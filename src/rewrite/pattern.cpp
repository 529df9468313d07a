#include "rewrite/pattern.h"

namespace tessera {

bool depends_on(const Graph& graph, NodeId node, NodeId ancestor) {
  std::vector<bool> seen(static_cast<size_t>(graph.id_limit()), false);
  std::vector<NodeId> stack{node};
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    if (id == ancestor) return true;
    if (seen[static_cast<size_t>(index_of(id))]) continue;
    seen[static_cast<size_t>(index_of(id))] = true;
    for (NodeId input : graph.node(id).inputs) stack.push_back(input);
  }
  return false;
}

std::vector<bool> needed_nodes(const Graph& graph) {
  std::vector<bool> needed(static_cast<size_t>(graph.id_limit()), false);
  std::vector<NodeId> stack(graph.inputs().begin(), graph.inputs().end());
  for (const GraphOutput& output : graph.outputs()) stack.push_back(output.node);
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    if (needed[static_cast<size_t>(index_of(id))]) continue;
    needed[static_cast<size_t>(index_of(id))] = true;
    for (NodeId input : graph.node(id).inputs) stack.push_back(input);
  }
  return needed;
}

std::vector<NodeId> sum_terms(const Graph& graph, NodeId root) {
  std::vector<NodeId> terms;
  std::vector<NodeId> stack;
  const auto descend = [&](NodeId sum) {
    const std::vector<NodeId>& operands = graph.node(sum).inputs;
    stack.insert(stack.end(), operands.rbegin(), operands.rend());
  };
  descend(root);
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    if (graph.get_if<Add>(id) != nullptr && sole_user(graph, id) != kNoNode) {
      descend(id);
    } else {
      terms.push_back(id);
    }
  }
  return terms;
}

bool is_sum_root(const Graph& graph, NodeId node) {
  if (graph.get_if<Add>(node) == nullptr) return false;
  return !(sole_user(graph, node) != kNoNode && graph.get_if<Add>(graph.users(node)[0]) != nullptr);
}

int64_t node_macs(const Graph& graph, NodeId node) {
  return macs(graph.node(node).op, graph.operand_shapes(node), graph.node(node).shape);
}

int64_t total_macs(const Graph& graph) {
  int64_t total = 0;
  for (int32_t i = 0; i < graph.id_limit(); ++i) {
    if (!graph.node(NodeId{i}).removed) total += node_macs(graph, NodeId{i});
  }
  return total;
}

int64_t node_count(const Graph& graph) {
  int64_t count = 0;
  for (int32_t i = 0; i < graph.id_limit(); ++i) count += graph.node(NodeId{i}).removed ? 0 : 1;
  return count;
}

}  // namespace tessera
