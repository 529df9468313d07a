#include "graph/subgraph.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace tessera {

Result<NodeId> SubgraphCopy::add_input(NodeId id) {
  return add_input(id, from_.node(id).shape);
}

Result<NodeId> SubgraphCopy::add_input(NodeId id, const Shape& shape) {
  const Node& node = from_.node(id);
  TESSERA_TRY(const NodeId made, editor_.add(Input{shape}, {}, node.name, node.origin.source));
  set(id, made);
  return made;
}

Result<NodeId> SubgraphCopy::add(NodeId id) {
  return add(id, from_.node(id).op);
}

Result<NodeId> SubgraphCopy::add(NodeId id, Op op) {
  const Node& node = from_.node(id);
  TESSERA_TRY(const NodeId made,
              editor_.add(std::move(op), operands_of(id), node.name, node.origin.source));
  set(id, made);
  return made;
}

void SubgraphCopy::add_output(NodeId id) {
  editor_.add_output(from_.node(id).name, at(id));
}

void SubgraphCopy::add_outputs() {
  for (const GraphOutput& output : from_.outputs())
    editor_.add_output(output.name, at(output.node));
}

std::vector<NodeId> SubgraphCopy::operands_of(NodeId id) const {
  std::vector<NodeId> operands;
  for (NodeId input : from_.node(id).inputs) operands.push_back(at(input));
  return operands;
}

Result<Graph> part_between(const Graph& graph, std::span<const NodeId> inputs,
                           std::span<const NodeId> outputs, std::string_view part) {
  Graph made;
  GraphEditor editor(made, "import");
  SubgraphCopy copy(graph, editor);
  for (NodeId id : inputs) TESSERA_TRY_VOID(copy.add_input(id));
  std::vector<bool> needed(static_cast<size_t>(graph.id_limit()), false);
  std::vector<NodeId> stack(outputs.begin(), outputs.end());
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    if (copy.contains(id) || needed[static_cast<size_t>(index_of(id))]) continue;
    needed[static_cast<size_t>(index_of(id))] = true;
    for (NodeId input : graph.node(id).inputs) stack.push_back(input);
  }
  for (NodeId id : graph.order()) {
    if (!needed[static_cast<size_t>(index_of(id))]) continue;
    const Node& node = graph.node(id);
    if (std::holds_alternative<Input>(node.op)) {
      return TESSERA_ERROR(kUnsupported, std::string(part),
                           fmt::format("also reads the network's input '{}'", node.name),
                           "take the whole network");
    }
    TESSERA_TRY_VOID(copy.add(id));
  }
  for (NodeId id : outputs) copy.add_output(id);
  TESSERA_TRY_VOID(editor.enter(GraphForm::imported));
  return made;
}

Result<Graph> with_outputs(const Graph& graph, std::span<const NodeId> outputs) {
  Graph result = graph;
  GraphEditor editor(result, "with_outputs");
  editor.clear_outputs();
  for (NodeId id : outputs) editor.add_output(graph.node(id).name, id);
  editor.remove_dead();
  TESSERA_TRY_VOID(validate(result, result.form()));
  return result;
}

}  // namespace tessera
