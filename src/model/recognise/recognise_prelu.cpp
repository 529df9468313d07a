// PReLU and ReLU in every way of writing a line with a kink in 0: relu(x) - a*relu(-x),
// max(x, 0) + a*min(x, 0), a*x + (1 - a)*relu(x), (x + |x|)/2 + a*(x - |x|)/2, max(x, a*x).
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "model/recognise/coefficients.h"
#include "model/recognise/pattern.h"
#include "model/recognise/recognise.h"

namespace tessera {
namespace {

// above[c]*max(x, 0) + below[c]*min(x, 0); one number stands for all channels.
struct Hinge {
  std::vector<double> above{0};
  std::vector<double> below{0};
};

template <typename F>
Hinge combined(const Hinge& a, const Hinge& b, F above, F below) {
  return {combine(a.above, b.above, above), combine(a.below, b.below, below)};
}

using Fold = double (*)(double, double);
double sum(double a, double b) {
  return a + b;
}
double difference(double a, double b) {
  return a - b;
}
double larger(double a, double b) {
  return std::max(a, b);
}
double smaller(double a, double b) {
  return std::min(a, b);
}

Hinge scaled(const Hinge& a, const Tensor& scale) {
  Coefficients factors;
  if (const std::optional<float> same = uniform(scale)) {
    factors = {static_cast<double>(*same)};
  } else {
    for (float s : scale.values()) factors.push_back(static_cast<double>(s));
  }
  const Fold times = [](double x, double y) { return x * y; };
  return {combine(a.above, factors, times), combine(a.below, factors, times)};
}

bool all_of(const Coefficients& values, double value) {
  return std::all_of(values.begin(), values.end(), [value](double v) {
    return static_cast<float>(v) == static_cast<float>(value);
  });
}

// max(h, 0): a line that falls below 0 is cut where it does.
Hinge rectified(const Hinge& a) {
  const Hinge zero;
  return combined<Fold>(a, zero, larger, smaller);
}

using Known = std::map<NodeId, Hinge>;

std::optional<Hinge> evaluate(const Graph& graph, NodeId id, const Known& known) {
  const Node& node = graph.node(id);
  std::vector<const Hinge*> in;
  for (NodeId input : node.inputs) {
    const auto found = known.find(input);
    if (found == known.end()) return std::nullopt;
    in.push_back(&found->second);
  }
  if (const auto* unary = std::get_if<Unary>(&node.op)) {
    const Hinge zero;
    switch (unary->kind) {
      case UnaryKind::relu: return rectified(*in[0]);
      case UnaryKind::neg: return combined<Fold>(zero, *in[0], difference, difference);
      case UnaryKind::abs:
        return combined<Fold>(rectified(*in[0]),
                              rectified(combined<Fold>(zero, *in[0], difference, difference)), sum,
                              sum);
      case UnaryKind::clip:
        if (unary->beta == 0 && unary->alpha < -1e38)
          return combined<Fold>(*in[0], zero, smaller, larger);
        return std::nullopt;
      case UnaryKind::prelu: {
        if (!all_of(in[0]->above, 1) || !all_of(in[0]->below, 1)) return std::nullopt;
        Hinge kinked = scaled(*in[0], unary->slope);
        kinked.above = {1};
        return kinked;
      }
      default: return std::nullopt;
    }
  }
  if (const auto* affine = std::get_if<Affine>(&node.op)) {
    if (!all_equal(affine->bias, 0)) return std::nullopt;
    return scaled(*in[0], affine->scale);
  }
  if (std::holds_alternative<Add>(node.op)) return combined<Fold>(*in[0], *in[1], sum, sum);
  if (const auto* binary = std::get_if<Binary>(&node.op)) {
    if (binary->kind == BinaryKind::sub)
      return combined<Fold>(*in[0], *in[1], difference, difference);
    if (binary->kind == BinaryKind::max) return combined<Fold>(*in[0], *in[1], larger, smaller);
    if (binary->kind == BinaryKind::min) return combined<Fold>(*in[0], *in[1], smaller, larger);
  }
  return std::nullopt;
}

bool makes_kink(const Node& node) {
  if (const auto* unary = std::get_if<Unary>(&node.op)) {
    return unary->kind == UnaryKind::relu || unary->kind == UnaryKind::abs ||
           unary->kind == UnaryKind::clip || unary->kind == UnaryKind::prelu;
  }
  const auto* binary = std::get_if<Binary>(&node.op);
  return binary && (binary->kind == BinaryKind::max || binary->kind == BinaryKind::min);
}

// Only nodes that join two lines, or scale a joined one, can end the pattern.
bool may_end(const Node& node) {
  return std::holds_alternative<Add>(node.op) || std::holds_alternative<Binary>(node.op) ||
         std::holds_alternative<Affine>(node.op);
}

Op activation(const Hinge& hinge) {
  Unary op;
  if (all_of(hinge.below, 0)) return op;  // relu
  op.kind = UnaryKind::prelu;
  std::vector<float> slope;
  for (double b : hinge.below) slope.push_back(static_cast<float>(b));
  if (std::all_of(slope.begin(), slope.end(), [&](float s) { return s == slope[0]; }))
    slope.resize(1);
  const auto count = static_cast<int64_t>(slope.size());
  op.slope = Tensor({count}, std::move(slope));
  return op;
}

// Follows x forward; replaces the first node that is a whole activation of x.
Result<void> follow(GraphEditor& editor, NodeId x, const std::vector<int32_t>& position) {
  constexpr size_t kMaxHinges = 32;
  const Graph& graph = editor.graph();
  Known known;
  Hinge line;
  line.above = line.below = {1};
  known.emplace(x, line);
  std::set<std::pair<int32_t, NodeId>> waiting;
  const auto push_users = [&](NodeId of) {
    for (NodeId user : graph.users(of)) {
      const auto at = static_cast<size_t>(index_of(user));
      if (at < position.size()) waiting.emplace(position[at], user);
    }
  };
  push_users(x);
  while (!waiting.empty() && known.size() < kMaxHinges) {
    const NodeId id = waiting.begin()->second;
    waiting.erase(waiting.begin());
    if (known.contains(id)) continue;
    const std::optional<Hinge> value = evaluate(graph, id, known);
    if (!value) continue;
    const Node& node = graph.node(id);
    if (may_end(node) && node.shape == graph.node(x).shape && all_of(value->above, 1) &&
        !all_of(value->below, 1)) {
      TESSERA_TRY_VOID(editor.replace(id, activation(*value), {x}));
      return {};
    }
    known.emplace(id, *value);
    push_users(id);
  }
  return {};
}

}  // namespace

Result<void> recognise_prelu(GraphEditor& editor) {
  const Graph& graph = editor.graph();
  const std::vector<NodeId> order = graph.order();
  std::vector<int32_t> position(static_cast<size_t>(graph.id_limit()), 0);
  for (size_t i = 0; i < order.size(); ++i)
    position[static_cast<size_t>(index_of(order[i]))] = static_cast<int32_t>(i);
  std::set<NodeId> tried;
  for (NodeId id : order) {
    if (!makes_kink(graph.node(id))) continue;
    std::vector<NodeId> roots(graph.node(id).inputs.begin(), graph.node(id).inputs.end());
    for (size_t i = 0; i < roots.size() && roots.size() < 8; ++i) {  // through scalings and signs
      const NodeId root = roots[i];
      if (graph.get_if<Affine>(root) || unary_of(graph, root, UnaryKind::neg))
        roots.push_back(operand(graph, root));
    }
    for (NodeId root : roots) {
      if (tried.insert(root).second) TESSERA_TRY_VOID(follow(editor, root, position));
    }
  }
  return {};
}

}  // namespace tessera
