// Layers that compute on values element by element, or over a whole axis.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "vendor/hailo/hn/hn_builder.h"
#include "vendor/hailo/hn/hn_operands.h"

namespace tessera {
namespace {

Error no_such(std::string why) {
  return TESSERA_ERROR(kUnsupported, "", std::move(why), "");
}

struct NamedUnary {
  std::string_view name;
  Unary op;
};

std::optional<Unary> unary_of(std::string_view name) {
  static const NamedUnary kUnaries[] = {
      {"relu", {UnaryKind::relu}},
      {"relu6", {.kind = UnaryKind::clip, .alpha = 0, .beta = 6}},
      {"sigmoid", {UnaryKind::sigmoid}},
      {"tanh", {UnaryKind::tanh}},
      {"gelu", {UnaryKind::gelu}},
      {"silu", {UnaryKind::silu}},
      {"swish", {UnaryKind::silu}},
      {"softplus", {UnaryKind::softplus}},
      {"exp", {UnaryKind::exp}},
      {"log", {UnaryKind::log}},
      {"sqrt", {UnaryKind::sqrt}},
      {"square", {UnaryKind::square}},
      {"reciprocal", {UnaryKind::reciprocal}},
      {"abs", {UnaryKind::abs}},
  };
  for (const NamedUnary& row : kUnaries) {
    if (row.name == name) return row.op;
  }
  return std::nullopt;
}

}  // namespace

Result<NodeId> HnBuilder::activate(const HnLayer& layer, NodeId value) {
  const std::string& name = layer.params.activation;
  if (name == "linear" || name.empty()) return value;
  if (name == "inv_sqrt") {
    TESSERA_TRY(const NodeId root, node(layer, Unary{UnaryKind::sqrt}, {value}));
    return node(layer, Unary{UnaryKind::reciprocal}, {root});
  }
  const auto unary = unary_of(name);
  if (!unary) return no_such(fmt::format("activation '{}' is not known", name));
  return node(layer, *unary, {value});
}

Result<HnValue> HnBuilder::finish_layer(const HnLayer& layer, const Operands& operands,
                                        NodeId value) {
  if (layer.params.elementwise_add) {
    if (operands.size() != 2 || operands[1].parts != 1) {
      return no_such("has a fused addition without a second operand");
    }
    TESSERA_TRY(value, node(layer, Add{}, {value, operands[1].node}));
  }
  TESSERA_TRY(value, activate(layer, value));
  return HnValue{value, 1};
}

Result<HnValue> HnBuilder::affine(const HnLayer& layer, const Operands& operands) {
  const int64_t channels = shape_of(operands[0]).c;
  TESSERA_TRY(const Tensor scale, weight(layer, "kernel", {channels}));
  TESSERA_TRY(Tensor shift, bias(layer, channels));
  if (shift.empty()) {
    TESSERA_TRY(shift, filled({channels}, 0));
  }
  const int64_t parts = operands[0].parts;
  TESSERA_TRY(NodeId value,
              node(layer, Affine{deinterleaved(scale, parts), deinterleaved(shift, parts)},
                   {operands[0].node}));
  if (layer.params.elementwise_add) return finish_layer(layer, operands, value);
  TESSERA_TRY(value, activate(layer, value));
  return HnValue{value, parts};
}

Result<HnValue> HnBuilder::elementwise(const HnLayer& layer, const Operands& operands) {
  if (operands.size() != 2) return no_such(fmt::format("has {} operands", operands.size()));
  for (size_t i = 0; i < 2; ++i) {
    if (operands[i].parts != 1) return no_such("reads an interleaving concat");
    if (i >= layer.params.input_repeats.size()) continue;
    const std::vector<int64_t>& repeats = layer.params.input_repeats[i];
    const Shape& shape = shape_of(operands[i]);
    const int64_t sizes[] = {shape.h, shape.w, shape.c};
    for (size_t axis = 0; axis < std::min<size_t>(3, repeats.size()); ++axis) {
      if (repeats[axis] == 1 || sizes[axis] == 1) continue;
      return no_such("repeats an operand that has more than one element along that axis");
    }
  }
  const auto op = [&]() -> std::optional<Op> {
    if (layer.type == "ew_add") return Add{};
    if (layer.type == "ew_mult") return Mul{};
    if (layer.type == "ew_sub") return Binary{BinaryKind::sub};
    if (layer.type == "ew_div") return Binary{BinaryKind::div};
    if (layer.type == "ew_max") return Binary{BinaryKind::max};
    if (layer.type == "ew_min") return Binary{BinaryKind::min};
    return std::nullopt;
  }();
  if (!op) return no_such("this elementwise operation is not known");
  TESSERA_TRY(NodeId value, node(layer, *op, {operands[0].node, operands[1].node}));
  TESSERA_TRY(value, activate(layer, value));
  return HnValue{value, 1};
}

// Channels in groups: of an interleaving concat the parts of a group lie C/n apart, else side by
// side.
Result<HnValue> HnBuilder::reduce_groups(const HnLayer& layer, const HnValue& operand) {
  const int64_t channels = shape_of(operand).c;
  const int64_t groups = layer.params.groups;
  if (channels % groups != 0) return no_such("its groups do not divide its channels");
  const int64_t members = channels / groups;
  constexpr int64_t kMaxMembers = 1024;
  if (members > kMaxMembers) return no_such("reduces groups of more than 1024 channels");
  const bool apart = operand.parts == members;
  if (!apart && operand.parts != 1) return no_such("reduces other groups than were interleaved");
  NodeId value = kNoNode;
  for (int64_t j = 0; j < members; ++j) {
    const Slice slice = apart ? Slice{Axis::c, j * groups, (j + 1) * groups, 1}
                              : Slice{Axis::c, j, channels, members};
    TESSERA_TRY(const NodeId part, node(layer, slice, {operand.node}));
    if (j == 0) {
      value = part;
      continue;
    }
    Op op = Add{};
    if (layer.type == "reduce_max") op = Binary{BinaryKind::max};
    if (layer.type == "reduce_min") op = Binary{BinaryKind::min};
    TESSERA_TRY(value, node(layer, std::move(op), {value, part}));
  }
  if (layer.type == "reduce_mean") {
    TESSERA_TRY(Tensor share, filled({groups}, 1.0F / static_cast<float>(members)));
    TESSERA_TRY(Tensor zero, filled({groups}, 0));
    TESSERA_TRY(value, node(layer, Affine{std::move(share), std::move(zero)}, {value}));
  }
  TESSERA_TRY(value, activate(layer, value));
  return HnValue{value, 1};
}

Result<HnValue> HnBuilder::reduce(const HnLayer& layer, const Operands& operands) {
  const std::vector<int64_t>& axes = layer.params.reduce_axes;
  if (layer.params.groups > 1) {
    if (axes != std::vector<int64_t>{3}) return no_such("reduces groups along other axes");
    return reduce_groups(layer, operands[0]);
  }
  if (operands[0].parts != 1 && axes != std::vector<int64_t>{3}) {
    return no_such("reads an interleaving concat");
  }
  Reduce op;
  if (layer.type == "reduce_sum") op.kind = ReduceKind::sum;
  if (layer.type == "reduce_max") op.kind = ReduceKind::max;
  if (layer.type == "reduce_min") op.kind = ReduceKind::min;
  for (const int64_t axis : axes) {
    if (axis < 1 || axis > 3) return no_such(fmt::format("reduces along axis {}", axis));
    (axis == 1 ? op.over_h : axis == 2 ? op.over_w : op.over_c) = true;
  }
  TESSERA_TRY(NodeId value, node(layer, op, {operands[0].node}));
  TESSERA_TRY(value, activate(layer, value));
  return HnValue{value, 1};
}

Result<HnValue> HnBuilder::convert_arithmetic(const HnLayer& layer, const Operands& operands) {
  const std::string& type = layer.type;
  if (type == "normalization") return affine(layer, operands);
  if (type.starts_with("ew_")) return elementwise(layer, operands);
  if (type.starts_with("reduce_")) return reduce(layer, operands);
  if (type == "feature_multiplier") {
    if (layer.params.feature_multiplier_type != "square" || operands[0].parts != 1) {
      return no_such(
          fmt::format("multiplies features by '{}'", layer.params.feature_multiplier_type));
    }
    TESSERA_TRY(const NodeId square, node(layer, Unary{UnaryKind::square}, {operands[0].node}));
    return finish_layer(layer, operands, square);
  }
  if (type == "activation") {
    TESSERA_TRY(const NodeId value, activate(layer, operands[0].node));
    return HnValue{value, operands[0].parts};
  }
  if (type == "softmax" && operands[0].parts == 1) {
    TESSERA_TRY(const NodeId value,
                node(layer, Softmax{SoftmaxOver::channel, 1}, {operands[0].node}));
    return HnValue{value, 1};
  }
  if (type == "layer_normalization") return no_such("its epsilon is not in the file");
  if (type == "matmul") return no_such("multiplies two values with one another");
  return no_such("this type of layer is not known");
}

}  // namespace tessera
