#include "verify/reference_evaluator.h"

#include "graph/slot.h"

namespace tessera {

Result<std::vector<float>> evaluate_op(const Op& op, std::span<const Shape> shapes,
                                       std::span<const ConstValues> operands, Backend& backend) {
  if (const auto* constant = std::get_if<Constant>(&op)) {
    const auto values = constant->value.values();
    return std::vector<float>(values.begin(), values.end());
  }
  Graph graph;
  GraphEditor editor(graph, "evaluate_op");
  std::vector<NodeId> inputs;
  for (const Shape& shape : shapes) {
    TESSERA_TRY(const NodeId input, editor.add(Input{shape}, {}));
    inputs.push_back(input);
  }
  TESSERA_TRY(const NodeId result, editor.add(op, inputs));
  editor.add_output("value", result);
  TESSERA_TRY_VOID(editor.enter(GraphForm::rewriting));
  TESSERA_TRY(const auto executable, backend.load({graph}));
  std::vector<float> values(static_cast<size_t>(graph.node(result).shape.size()));
  const std::vector<Values> outputs{values};
  TESSERA_TRY_VOID(executable->run(operands, outputs));
  return values;
}

ReferenceEvaluator::ReferenceEvaluator(const Graph& graph, Backend& backend,
                                       std::span<const ConstValues> inputs)
    : graph_(graph),
      backend_(backend),
      order_(graph.order()),
      waiting_(static_cast<size_t>(graph.id_limit()), 0) {
  for (NodeId id : order_) {
    for (NodeId input : graph.node(id).inputs) ++waiting_[slot(input)];
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    values_[graph.inputs()[i]].assign(inputs[i].begin(), inputs[i].end());
}

void ReferenceEvaluator::retain(NodeId node) {
  ++waiting_[slot(node)];
}

Result<ConstValues> ReferenceEvaluator::value(NodeId node) {
  while (values_.find(node) == values_.end()) {
    TESSERA_CHECK(next_ < order_.size(), "a value that was expected is kept");
    TESSERA_TRY_VOID(evaluate_next());
  }
  return ConstValues(values_.at(node));
}

void ReferenceEvaluator::release(NodeId node) {
  drop_reader(node);
}

Result<void> ReferenceEvaluator::evaluate_next() {
  const Node& node = graph_.node(order_[next_++]);
  if (!std::holds_alternative<Input>(node.op)) {
    std::vector<ConstValues> operands;
    for (NodeId input : node.inputs) operands.emplace_back(values_.at(input));
    Result<std::vector<float>> values =
        evaluate_op(node.op, graph_.operand_shapes(node.id), operands, backend_);
    if (!values) {
      Error error = std::move(values).error();
      error.subject = node.name;
      return error;
    }
    values_[node.id] = std::move(*values);
  }
  for (NodeId input : node.inputs) drop_reader(input);
  if (waiting_[slot(node.id)] == 0) values_.erase(node.id);
  return {};
}

void ReferenceEvaluator::drop_reader(NodeId node) {
  if (--waiting_[slot(node)] == 0) values_.erase(node);
}

}  // namespace tessera
