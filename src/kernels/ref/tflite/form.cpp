#include "kernels/ref/tflite/form.h"

#include <algorithm>

#include "graph/queries.h"
#include "kernels/ref/tflite/kernels.h"

namespace tessera::integer::tflite {
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
  const NodeId reader = sole_user(graph, node.id);
  return reader != kNoNode && is_relu(graph.node(reader).op) &&
         encoding_of(graph, reader, encodings).has_value();
}

Form form_of_unary(const Unary& op) {
  switch (op.kind) {
    case UnaryKind::relu: return Form::relu;
    case UnaryKind::prelu: return op.slope.size() == 1 ? Form::leaky_relu : Form::prelu;
    case UnaryKind::sigmoid:
    case UnaryKind::tanh: return Form::curve;
    default: return Form::float_op;
  }
}

}  // namespace

Form form_of(const Graph& graph, const Node& node, const Encodings& encodings) {
  if (goes_into_relu(graph, node, encodings)) return Form::into_relu;
  const auto result = encoding_of(graph, node.id, encodings);
  if (!result) return Form::float_op;
  if (has_weights(node, encodings)) return Form::convolution;
  if (is_relu(node.op) && goes_into_relu(graph, graph.node(node.inputs[0]), encodings))
    return Form::relu_of_convolution;
  const bool from_codes = std::ranges::all_of(node.inputs, [&](NodeId input) {
    return graph.get_if<Constant>(input) == nullptr &&
           encoding_of(graph, input, encodings).has_value();
  });
  if (!from_codes || node.inputs.empty()) return Form::float_op;
  if (const auto* unary = std::get_if<Unary>(&node.op)) return form_of_unary(*unary);
  if (std::holds_alternative<Affine>(node.op)) return Form::affine;
  if (std::holds_alternative<Add>(node.op) || std::holds_alternative<Mul>(node.op))
    return Form::elementwise;
  if (const auto* binary = std::get_if<Binary>(&node.op))
    return binary->kind == BinaryKind::sub ? Form::elementwise : Form::float_op;
  if (std::holds_alternative<Slice>(node.op) || std::holds_alternative<Pad>(node.op) ||
      std::holds_alternative<Concat>(node.op))
    return Form::movement;
  return Form::float_op;
}

namespace {

constexpr int kInt16Highest = 32767;

Coding int16_coding(std::vector<float> scale) {
  Coding coding;
  coding.is_int16 = true;
  coding.lowest = -kInt16Highest - 1;
  coding.highest = kInt16Highest;
  coding.zero_point.assign(scale.size(), 0);
  coding.scale = std::move(scale);
  return coding;
}

// Codes less their zero point: the same values.
Coding widened(const Coding& coding) {
  return coding.is_int16 ? coding : int16_coding(coding.scale);
}

// What 16 bits hold of results that become 8: all that lies up to 256 steps from zero.
Coding finer(const Coding& coding) {
  if (coding.is_int16) return coding;
  std::vector<float> scale = coding.scale;
  for (float& step : scale) step /= 128;
  return int16_coding(std::move(scale));
}

}  // namespace

Widths widths_of(Form form, const Op& op, std::vector<Coding> operands, const Coding& result) {
  Widths widths;
  const auto has_int16 = [](const Coding& coding) { return coding.is_int16; };
  const bool codes_move = form == Form::movement;
  widths.is_int16 =
      result.is_int16 || (!codes_move && std::ranges::any_of(operands, has_int16));
  for (Coding& operand : operands) {
    // A slice or pad moves the operand's own codes; the parts of a concatenation take the result's.
    if (codes_move) {
      widths.operands.push_back(std::holds_alternative<Concat>(op) ? result : operand);
    } else {
      widths.operands.push_back(widths.is_int16 ? widened(operand) : operand);
    }
  }
  if (codes_move) {
    widths.result = std::holds_alternative<Concat>(op) ? result : operands[0];
    widths.is_int16 = widths.result.is_int16;
  } else if (form == Form::curve) {
    const bool is_tanh = std::get<Unary>(op).kind == UnaryKind::tanh;
    widths.result = make_coding(
        is_tanh ? tanh_encoding(widths.is_int16) : logistic_encoding(widths.is_int16),
        static_cast<int64_t>(result.scale.size()));
  } else {
    widths.result = widths.is_int16 ? finer(result) : result;
  }
  return widths;
}

bool is_uniform(const Coding& coding) {
  const auto same = [](const auto& list) {
    return std::ranges::adjacent_find(list, std::not_equal_to<>()) == list.end();
  };
  return same(coding.scale) && same(coding.zero_point);
}

}  // namespace tessera::integer::tflite
