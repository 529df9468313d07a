#include "graph/canonical.h"

#include <algorithm>

#include "graph/slot.h"

namespace tessera {
namespace {

constexpr int32_t kConstantDepth = -1;

// Longest path from an input to each node, by node id.
std::vector<int32_t> depths(const Graph& graph) {
  std::vector<int32_t> depth(static_cast<size_t>(graph.id_limit()), kConstantDepth);
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (std::holds_alternative<Input>(node.op)) depth[slot(id)] = 0;
    for (NodeId input : node.inputs) {
      if (depth[slot(input)] == kConstantDepth) continue;
      depth[slot(id)] = std::max(depth[slot(id)], depth[slot(input)] + 1);
    }
  }
  return depth;
}

// The operands of every node, those of Add and Mul ordered.
std::vector<std::vector<NodeId>> ordered_operands(const Graph& graph) {
  const std::vector<int32_t> depth = depths(graph);
  std::vector<std::vector<NodeId>> operands(depth.size());
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    operands[slot(id)] = node.inputs;
    if (std::holds_alternative<Add>(node.op) || std::holds_alternative<Mul>(node.op)) {
      std::stable_sort(operands[slot(id)].begin(), operands[slot(id)].end(),
                       [&](NodeId a, NodeId b) { return depth[slot(a)] < depth[slot(b)]; });
    }
  }
  return operands;
}

// Nodes reachable from the outputs, depth first, operands before their users; inputs lead.
std::vector<NodeId> post_order(const Graph& graph,
                               const std::vector<std::vector<NodeId>>& operands) {
  std::vector<NodeId> order(graph.inputs().begin(), graph.inputs().end());
  std::vector<bool> done(operands.size(), false);
  for (NodeId id : order) done[slot(id)] = true;
  struct Visit {
    NodeId id;
    size_t next = 0;  // operand to look at
  };
  for (const GraphOutput& output : graph.outputs()) {
    std::vector<Visit> stack{{output.node}};
    while (!stack.empty()) {
      Visit& top = stack.back();
      if (done[slot(top.id)]) {
        stack.pop_back();
      } else if (top.next < operands[slot(top.id)].size()) {
        const NodeId operand = operands[slot(top.id)][top.next++];
        stack.push_back({operand});
      } else {
        done[slot(top.id)] = true;
        order.push_back(top.id);
        stack.pop_back();
      }
    }
  }
  return order;
}

}  // namespace

Result<Graph> canonical_order(const Graph& graph) {
  TESSERA_TRY_VOID(validate(graph, graph.form()));
  const std::vector<std::vector<NodeId>> operands = ordered_operands(graph);
  Graph result;
  std::vector<NodeId> made(operands.size(), kNoNode);
  for (NodeId id : post_order(graph, operands)) {
    const Node& node = graph.node(id);
    std::vector<NodeId> inputs;
    for (NodeId operand : operands[slot(id)]) inputs.push_back(made[slot(operand)]);
    GraphEditor editor(result, node.origin.rule);
    TESSERA_TRY(made[slot(id)],
                editor.add(node.op, std::move(inputs), node.name, node.origin.source));
    editor.derive(made[slot(id)], node.origin.derived);
  }
  GraphEditor editor(result, "canonical_order");
  for (const GraphOutput& output : graph.outputs())
    editor.add_output(output.name, made[slot(output.node)]);
  for (const ChangedBasis& basis : graph.changed_bases())
    TESSERA_TRY_VOID(editor.record_basis(basis));
  TESSERA_TRY_VOID(editor.enter(graph.form()));
  return result;
}

}  // namespace tessera
