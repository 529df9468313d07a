#include "quantize/tflite_form.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tessera::quantization {
namespace {

bool is_relu(const Op& op) {
  const auto* unary = std::get_if<Unary>(&op);
  return unary != nullptr && unary->kind == UnaryKind::relu;
}

bool has_weights(const Node& node, const Encodings& encodings) {
  return (std::holds_alternative<Conv>(node.op) || std::holds_alternative<Gemm>(node.op)) &&
         encodings.weights.contains(node.name);
}

// A convolution whose only reader, a ReLU, has codes while it has none.
bool goes_into_relu(const Graph& graph, const Node& node, const Encodings& encodings) {
  if (!has_weights(node, encodings) || encoding_of(graph, node.id, encodings)) return false;
  const auto readers = graph.users(node.id);
  return readers.size() == 1 && is_relu(graph.node(readers[0]).op) &&
         encoding_of(graph, readers[0], encodings).has_value();
}

TfliteForm form_of_unary(const Unary& op) {
  switch (op.kind) {
    case UnaryKind::relu: return TfliteForm::relu;
    case UnaryKind::prelu: return op.slope.size() == 1 ? TfliteForm::leaky_relu : TfliteForm::prelu;
    case UnaryKind::sigmoid:
    case UnaryKind::tanh: return TfliteForm::curve;
    default: return TfliteForm::float_op;
  }
}

}  // namespace

TfliteForm tflite_form_of(const Graph& graph, const Node& node, const Encodings& encodings) {
  // Asked for as well, its value is what the accumulators are worth.
  if (goes_into_relu(graph, node, encodings))
    return graph.is_output(node.id) ? TfliteForm::float_op : TfliteForm::into_relu;
  const auto result = encoding_of(graph, node.id, encodings);
  if (!result) return TfliteForm::float_op;
  if (has_weights(node, encodings)) return TfliteForm::convolution;
  if (is_relu(node.op) && goes_into_relu(graph, graph.node(node.inputs[0]), encodings))
    return TfliteForm::relu_of_convolution;
  const bool from_codes = std::ranges::all_of(node.inputs, [&](NodeId input) {
    return graph.get_if<Constant>(input) == nullptr &&
           encoding_of(graph, input, encodings).has_value();
  });
  if (!from_codes || node.inputs.empty()) return TfliteForm::float_op;
  if (const auto* unary = std::get_if<Unary>(&node.op)) return form_of_unary(*unary);
  if (std::holds_alternative<Affine>(node.op)) return TfliteForm::affine;
  if (std::holds_alternative<Add>(node.op) || std::holds_alternative<Mul>(node.op))
    return TfliteForm::elementwise;
  if (const auto* binary = std::get_if<Binary>(&node.op))
    return binary->kind == BinaryKind::sub ? TfliteForm::elementwise : TfliteForm::float_op;
  if (std::holds_alternative<Slice>(node.op) || std::holds_alternative<Pad>(node.op) ||
      std::holds_alternative<Concat>(node.op))
    return TfliteForm::movement;
  return TfliteForm::float_op;
}

namespace {

using Form = TfliteForm;

// Shares of one scale: what a file that knows one scale leaves to weights.
constexpr float kSameProportion = 1e-4F;

bool has_one_scale(const ValueEncoding& encoding) {
  return std::ranges::adjacent_find(encoding.scale, std::not_equal_to<>()) == encoding.scale.end();
}

bool in_proportion(const ValueEncoding& a, const ValueEncoding& b, int64_t channels) {
  for (int64_t c = 0; c < channels; ++c) {
    const float share = a.scale_of(c) / a.scale_of(0) / (b.scale_of(c) / b.scale_of(0));
    if (!(std::abs(share - 1) <= kSameProportion)) return false;
  }
  return true;
}

class TfliteCheck {
 public:
  TfliteCheck(const Graph& graph, const Encodings& encodings)
      : graph_(graph), encodings_(encodings) {}

  Result<void> run() const {
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      if (std::holds_alternative<Constant>(node.op)) continue;
      if (const auto encoding = encoding_of(graph_, id, encodings_))
        TESSERA_TRY_VOID(check_value(node, *encoding));
      if (!std::holds_alternative<Input>(node.op)) TESSERA_TRY_VOID(check_node(node));
    }
    return {};
  }

 private:
  static Error refused(const Node& node, std::string message) {
    return TESSERA_ERROR(kInvalidModel, fmt::format("encoding of '{}'", node.name),
                         std::move(message),
                         "quantise the network for the arithmetic of TensorFlow Lite");
  }

  static Result<void> check_value(const Node& node, const ValueEncoding& encoding) {
    for (const int32_t zero : encoding.zero_point) {
      if (zero != encoding.zero_point[0])
        return refused(node, "has a zero point for each channel, and TensorFlow Lite one for all");
    }
    if (!encoding.is_signed)
      return refused(node, "has unsigned codes, and TensorFlow Lite's are signed");
    if (encoding.bits == 16 && encoding.zero_point[0] != 0)
      return refused(node, "has 16 bits and a zero point, which is 0 in TensorFlow Lite");
    return {};
  }

  Result<void> check_node(const Node& node) const {
    const Form form = tflite_form_of(graph_, node, encodings_);
    const bool has_weights = encodings_.weights.contains(node.name);
    if (form == Form::float_op && has_weights && !goes_into_relu(graph_, node, encodings_))
      return refused(node,
                     "has integer weights, but a float result, which TensorFlow Lite has not");
    if (has_weights && encodings_.weights.at(node.name).operand)
      TESSERA_TRY_VOID(check_value(node, *encodings_.weights.at(node.name).operand));
    switch (form) {
      case Form::float_op:
      case Form::into_relu: return {};
      case Form::convolution: return check_convolution(node, node);
      case Form::relu_of_convolution: return check_convolution(graph_.node(node.inputs[0]), node);
      case Form::affine: return check_factors(node);
      case Form::relu:
      case Form::leaky_relu:
      case Form::prelu: TESSERA_TRY_VOID(check_proportions(node)); return check_factors(node);
      case Form::curve: TESSERA_TRY_VOID(check_one_scale(node)); return check_table(node);
      case Form::movement: TESSERA_TRY_VOID(check_one_scale(node)); return check_factors(node);
      case Form::elementwise:
        TESSERA_TRY_VOID(std::holds_alternative<Mul>(node.op) ? check_one_scale(node)
                                                              : check_proportions(node));
        return check_sum(node);
    }
    return {};
  }

  ValueEncoding encoding(NodeId id) const { return *encoding_of(graph_, id, encodings_); }

  // A zero pad moves channels as they are.
  Result<void> check_one_scale(const Node& node) const {
    if (std::holds_alternative<Pad>(node.op)) return check_proportions(node);
    bool one = has_one_scale(encoding(node.id));
    for (NodeId input : node.inputs) one = one && has_one_scale(encoding(input));
    if (one) return {};
    return refused(node, fmt::format("a scale for each channel stays beside {}, which takes one",
                                     op_name(node.op)));
  }

  Result<void> check_proportions(const Node& node) const {
    const ValueEncoding result = encoding(node.id);
    for (NodeId input : node.inputs) {
      if (graph_.node(input).shape.c != node.shape.c && !has_one_scale(result))
        return check_one_scale(node);
      if (!in_proportion(encoding(input), result, node.shape.c)) {
        return refused(node, fmt::format("its channels' scales are not in the proportion of '{}'",
                                         graph_.node(input).name));
      }
    }
    return {};
  }

  // A factor of fixed point shifts codes, which have 16 bits, or accumulators of 32 to the left
  // before it shifts them to the right.
  static constexpr double kMaxCodeFactor = 1 << 14;
  static constexpr double kMaxSumFactor = 1 << 7;
  static Result<void> check_factor(const Node& node, double factor, double limit) {
    if (factor < limit) return {};
    return refused(node, fmt::format("its scale is {:.3g} times too fine for what it is computed "
                                     "from",
                                     factor / limit));
  }

  Result<void> check_convolution(const Node& node, const Node& result) const {
    const IntegerWeights& weights = encodings_.weights.at(node.name);
    const auto own = encoding_of(graph_, node.inputs[0], encodings_);
    const ValueEncoding operand = own ? *own : weights.operand.value();
    const ValueEncoding made = encoding(result.id);
    for (size_t o = 0; o < weights.scale.size(); ++o) {
      const double unit = static_cast<double>(weights.scale[o]);
      const auto channel = static_cast<int64_t>(o);
      TESSERA_TRY_VOID(
          check_factor(node, unit / static_cast<double>(made.scale_of(channel)), kMaxSumFactor));
      const double filter =
          unit / static_cast<double>(operand.scale_of(0)) *
          (static_cast<double>(made.scale_of(0)) / static_cast<double>(made.scale_of(channel)));
      if (!std::isnormal(static_cast<float>(filter)))
        return refused(node, fmt::format("has the weight scale {}", filter));
    }
    return {};
  }

  Result<void> check_factors(const Node& node) const {
    const auto result = static_cast<double>(encoding(node.id).scale_of(0));
    for (NodeId input : node.inputs)
      TESSERA_TRY_VOID(check_factor(node, static_cast<double>(encoding(input).scale_of(0)) / result,
                                    kMaxCodeFactor));
    return {};
  }

  // Operands of 16 bits are looked up in a table of a fixed step.
  Result<void> check_table(const Node& node) const {
    constexpr float kCoarsest = 32767.0F / (3 * 4096);
    const ValueEncoding operand = encoding(node.inputs[0]);
    const bool is_int16 = operand.bits == 16 || encoding(node.id).bits == 16;
    if (!is_int16 || operand.scale_of(0) <= kCoarsest) return {};
    return refused(node, fmt::format("reads codes of the scale {}, and the table of {} goes to {}",
                                     operand.scale_of(0), op_name(node.op), kCoarsest));
  }

  // The factor behind a sum in fixed point is below 1.
  Result<void> check_sum(const Node& node) const {
    if (std::holds_alternative<Mul>(node.op)) {
      const double product = static_cast<double>(encoding(node.inputs[0]).scale_of(0)) *
                             static_cast<double>(encoding(node.inputs[1]).scale_of(0));
      return check_factor(node, product / static_cast<double>(encoding(node.id).scale_of(0)),
                          kMaxSumFactor);
    }
    const ValueEncoding result = encoding(node.id);
    float widest = 0;
    bool is_int16 = result.bits == 16;
    for (NodeId input : node.inputs) {
      widest = std::max(widest, encoding(input).scale_of(0));
      is_int16 = is_int16 || encoding(input).bits == 16;
    }
    const float steps = is_int16 ? 1 << 15 : 1 << 20;
    const float finest =
        is_int16 && result.bits == 8 ? result.scale_of(0) / 128 : result.scale_of(0);
    if (2 * widest < steps * finest) return {};
    return refused(node,
                   fmt::format("its scale {} is too fine beside its operands' {}", finest, widest));
  }

  const Graph& graph_;
  const Encodings& encodings_;
};

}  // namespace

Result<void> check_tflite_encodings(const Graph& graph, const Encodings& encodings) {
  return TfliteCheck(graph, encodings).run();
}

}  // namespace tessera::quantization
