// Comparisons and Where: folded on constants; on graph values, Where(x > 0, ...) as written for
// activations.
#include <fmt/format.h>

#include "model/onnx/fold.h"
#include "model/onnx/op_context.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

Result<Values> read_comparison(OpContext& context) {
  TESSERA_TRY(const Value a, context.required(0));
  TESSERA_TRY(const Value b, context.required(1));
  if (a.is_constant() && b.is_constant()) {
    TESSERA_TRY(Value result,
                context.folded(fold_binary(context.op_type(), a.constant(), b.constant())));
    return Values{std::move(result)};
  }
  const bool reversed = a.is_constant();
  const Value& constant = reversed ? a : b;
  const std::string& op = context.op_type();
  Predicate predicate;
  if (!constant.is_constant() || !constant.constant().uniform(predicate.threshold) ||
      op == "Equal") {
    return context.unsupported("compares values that the network computes",
                               "only comparisons of one tensor with one number, read by Where, are "
                               "followed");
  }
  predicate.value = reversed ? b : a;
  predicate.below = (op.starts_with("Less")) != reversed;
  predicate.at_threshold = op.ends_with("OrEqual");
  Value result;
  result.predicate = std::make_shared<const Predicate>(std::move(predicate));
  return Values{std::move(result)};
}

Result<Values> read_not(OpContext& context) {
  if (const auto& p = context.input(0).predicate) {
    Predicate opposite = *p;
    opposite.below = !p->below;
    opposite.at_threshold = !p->at_threshold;
    Value result;
    result.predicate = std::make_shared<const Predicate>(std::move(opposite));
    return Values{std::move(result)};
  }
  TESSERA_TRY(const ConstArray x, context.required_constant(0, "input"));
  TESSERA_TRY(Value y, context.folded(fold_unary("Not", x)));
  return Values{std::move(y)};
}

// Affine without bias of x: its scale; 1 for x itself.
std::optional<Tensor> slope_of(const Graph& graph, const Value& branch, NodeId x) {
  if (branch.is_constant()) {
    double value = 1;
    if (branch.constant().uniform(value) && value == 0) return Tensor::full({1}, 0);
    return std::nullopt;
  }
  if (branch.node == x) return Tensor::full({1}, 1);
  const auto* affine = graph.get_if<Affine>(branch.node);
  if (!affine || graph.node(branch.node).inputs[0] != x) return std::nullopt;
  for (float b : affine->bias.values()) {
    if (b != 0) return std::nullopt;
  }
  double value = 0;
  if (ConstArray::reals({affine->scale.size()}, affine->scale).uniform(value))
    return Tensor::full({1}, static_cast<float>(value));
  return affine->scale;
}

bool is_one(const Tensor& t) {
  return t.size() == 1 && t[0] == 1;
}

// alpha*(exp(x) - 1)
std::optional<double> elu_of(const Graph& graph, const Value& branch, NodeId x) {
  if (!branch.is_tensor()) return std::nullopt;
  double scale = 1;
  double bias = 0;
  NodeId at = branch.node;
  for (int i = 0; i < 4; ++i) {
    const Node& node = graph.node(at);
    if (const auto* affine = std::get_if<Affine>(&node.op)) {
      double s = 0;
      double b = 0;
      if (!ConstArray::reals({affine->scale.size()}, affine->scale).uniform(s) ||
          !ConstArray::reals({affine->bias.size()}, affine->bias).uniform(b))
        return std::nullopt;
      bias += scale * b;
      scale *= s;
      at = node.inputs[0];
      continue;
    }
    const auto* op = std::get_if<Unary>(&node.op);
    if (op && op->kind == UnaryKind::exp && node.inputs[0] == x && scale == -bias) return scale;
    return std::nullopt;
  }
  return std::nullopt;
}

Result<Values> select(OpContext& context, const Predicate& p, Value when_true, Value when_false) {
  const Value& x = p.value;
  const Value& high = p.below ? when_false : when_true;
  const Value& low = p.below ? when_true : when_false;
  const Graph& graph = context.graph();
  if (p.threshold == 0) {
    const std::optional<Tensor> upper = slope_of(graph, high, x.node);
    const std::optional<Tensor> lower = slope_of(graph, low, x.node);
    Unary op;
    if (upper && is_one(*upper) && lower) {
      op.kind = lower->size() == 1 && (*lower)[0] == 0 ? UnaryKind::relu : UnaryKind::prelu;
      if (op.kind == UnaryKind::prelu) op.slope = *lower;
      TESSERA_TRY(Value y, context.elementwise(std::move(op), x));
      return Values{std::move(y)};
    }
    if (const auto alpha = upper && is_one(*upper) ? elu_of(graph, low, x.node) : std::nullopt) {
      op.kind = UnaryKind::elu;
      op.alpha = *alpha;
      TESSERA_TRY(Value y, context.elementwise(std::move(op), x));
      return Values{std::move(y)};
    }
  }
  return context.unsupported("chooses between two branches by comparing a tensor",
                             "only activations written this way (PReLU, ReLU, ELU) are recognised");
}

Result<Values> read_where(OpContext& context) {
  TESSERA_TRY(Value a, context.required(1));
  TESSERA_TRY(Value b, context.required(2));
  if (const auto& predicate = context.input(0).predicate)
    return select(context, *predicate, std::move(a), std::move(b));
  TESSERA_TRY(const Value given, context.required(0));
  if (!given.is_constant()) return context.unsupported("chooses by what the network computes");
  const ConstArray& condition = given.constant();
  if (a.is_constant() && b.is_constant()) {
    TESSERA_TRY(Value y, context.folded(fold_where(condition, a.constant(), b.constant())));
    return Values{std::move(y)};
  }
  double value = 0;
  if (condition.uniform(value)) {
    const Value& chosen = value != 0 ? a : b;
    Result<Dims> dims = broadcast_dims(a.dims(), b.dims());
    if (dims && chosen.dims() == *dims) return Values{chosen};
  }
  return context.unsupported("masks part of a tensor with a fixed pattern");
}

Result<Values> read_logic(OpContext& context) {
  TESSERA_TRY(const ConstArray a, context.required_constant(0, "input"));
  TESSERA_TRY(const ConstArray b, context.required_constant(1, "input"));
  TESSERA_TRY(Value y, context.folded(fold_binary(context.op_type(), a, b)));
  return Values{std::move(y)};
}

}  // namespace

std::span<const OpEntry> comparison_ops() {
  static constexpr OpEntry kOps[] = {
      {"Equal", read_comparison, "of constants"},
      {"Less", read_comparison, "of constants; a tensor and one number, as what Where reads"},
      {"Greater", read_comparison, "of constants; a tensor and one number, as what Where reads"},
      {"LessOrEqual", read_comparison,
       "of constants; a tensor and one number, as what Where reads"},
      {"GreaterOrEqual", read_comparison,
       "of constants; a tensor and one number, as what Where reads"},
      {"And", read_logic, "of constants"},
      {"Or", read_logic, "of constants"},
      {"Xor", read_logic, "of constants"},
      {"Not", read_not, "of constants; a tensor and one number, as what Where reads"},
      {"Where", read_where, "of constants; x > 0 ? x : f(x) as PReLU, ReLU and ELU write it"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
