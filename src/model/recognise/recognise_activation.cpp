// Activations that exporters write as formulas: SiLU x*sigmoid(x), GELU 0.5*x*(1 + erf(x/sqrt 2)),
// sigmoid 1/(1 + exp(-x)), softplus log(1 + exp(x)).
#include <cmath>

#include "model/recognise/pattern.h"
#include "model/recognise/recognise.h"

namespace tessera {
namespace {

bool near(double a, double b) {
  return std::abs(a - b) <= 1e-5 * std::abs(b);
}

Op unary(UnaryKind kind) {
  Unary op;
  op.kind = kind;
  return op;
}

// factor*inner of a node: itself with factor 1 when it is no plain scaling.
struct Scaled {
  double factor = 1;
  NodeId inner = kNoNode;
};
Scaled scaled(const Graph& graph, NodeId id) {
  const std::optional<double> scale = plain_scale(graph, id);
  if (!scale) return {1, id};
  return {*scale, operand(graph, id)};
}

// x where the node is k*(1 + erf(x/sqrt 2)); k goes to `factor`.
NodeId gelu_gate(const Graph& graph, NodeId id, double& factor) {
  const auto* affine = graph.get_if<Affine>(id);
  if (!affine) return kNoNode;
  const std::optional<float> scale = uniform(affine->scale);
  const std::optional<float> bias = uniform(affine->bias);
  if (!scale || !bias || *scale != *bias) return kNoNode;
  const NodeId erf = operand(graph, id);
  if (!unary_of(graph, erf, UnaryKind::erf)) return kNoNode;
  const Scaled argument = scaled(graph, operand(graph, erf));
  if (!near(argument.factor, std::sqrt(0.5))) return kNoNode;
  factor = static_cast<double>(*scale);
  return argument.inner;
}

// x where the node is 1 + exp(sign*x).
NodeId one_plus_exp(const Graph& graph, NodeId id, double sign) {
  const auto* affine = graph.get_if<Affine>(id);
  if (!affine || !all_equal(affine->scale, 1) || !all_equal(affine->bias, 1)) return kNoNode;
  const NodeId exponential = operand(graph, id);
  if (!unary_of(graph, exponential, UnaryKind::exp)) return kNoNode;
  const NodeId argument = operand(graph, exponential);
  if (sign > 0) return argument;
  if (unary_of(graph, argument, UnaryKind::neg)) return operand(graph, argument);
  const Scaled negated = scaled(graph, argument);
  return negated.factor == -1 ? negated.inner : kNoNode;
}

Result<void> from_product(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  for (size_t side : {size_t{0}, size_t{1}}) {
    const NodeId x = graph.node(id).inputs[side];
    const NodeId gate = graph.node(id).inputs[1 - side];
    if (unary_of(graph, gate, UnaryKind::sigmoid) && operand(graph, gate) == x)
      return editor.replace(id, unary(UnaryKind::silu), {x});
    double factor = 1;
    const NodeId inner = gelu_gate(graph, gate, factor);
    const Scaled plain = scaled(graph, x);
    if (inner == kNoNode || (inner != plain.inner && inner != x)) continue;
    const double total = factor * (inner == x ? 1 : plain.factor);
    if (near(total, 0.5)) return editor.replace(id, unary(UnaryKind::gelu), {inner});
    // The half comes later: gelu doubled here, halved there.
    const int64_t channels = graph.node(id).shape.c;
    TESSERA_TRY(const NodeId gelu, editor.add(unary(UnaryKind::gelu), {inner}));
    return editor.replace(id,
                          Affine{Tensor::full({channels}, static_cast<float>(2 * total)),
                                 Tensor::full({channels}, 0)},
                          {gelu});
  }
  return {};
}

}  // namespace

Result<void> recognise_activation(GraphEditor& editor) {
  const Graph& graph = editor.graph();
  for (NodeId id : graph.order()) {
    if (graph.get_if<Mul>(id)) {
      TESSERA_TRY_VOID(from_product(editor, id));
    } else if (unary_of(graph, id, UnaryKind::reciprocal)) {
      const NodeId x = one_plus_exp(graph, operand(graph, id), -1);
      if (x != kNoNode) TESSERA_TRY_VOID(editor.replace(id, unary(UnaryKind::sigmoid), {x}));
    } else if (unary_of(graph, id, UnaryKind::log)) {
      const NodeId x = one_plus_exp(graph, operand(graph, id), 1);
      if (x != kNoNode) TESSERA_TRY_VOID(editor.replace(id, unary(UnaryKind::softplus), {x}));
    }
  }
  return {};
}

}  // namespace tessera
