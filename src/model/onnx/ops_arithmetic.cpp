// Add, Sub, Mul, Div, Max, Min, Pow, Mod, Sum, Mean: constants fold, per-channel constants become
// Affine, graph values broadcast.
#include <array>
#include <limits>

#include <fmt/format.h>

#include "model/onnx/batch_rows.h"
#include "model/onnx/fold.h"
#include "model/onnx/op_context.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

std::string_view onnx_name(BinaryOp op) {
  constexpr std::array<std::string_view, 7> kNames = {"Add", "Sub", "Mul", "Div",
                                                      "Max", "Min", "Pow"};
  return kNames[static_cast<size_t>(op)];
}

Op graph_op(BinaryOp op) {
  switch (op) {
    case BinaryOp::add: return Add{};
    case BinaryOp::mul: return Mul{};
    case BinaryOp::sub: return Binary{BinaryKind::sub};
    case BinaryOp::div: return Binary{BinaryKind::div};
    case BinaryOp::max: return Binary{BinaryKind::max};
    case BinaryOp::min: return Binary{BinaryKind::min};
    case BinaryOp::pow: return Binary{BinaryKind::pow};
  }
  return Add{};
}

Result<Value> clip(OpContext& context, const Value& x, double low, double high) {
  if (low == 0 && high == kFloatMax) return unary(context, UnaryKind::relu, x);
  Unary op;
  op.kind = UnaryKind::clip;
  op.alpha = low;
  op.beta = high;
  return context.elementwise(op, x);
}

Result<std::optional<Value>> power_of(OpContext& context, const Value& x, double exponent) {
  if (exponent == 1) return std::optional(x);
  if (exponent == 2) {
    TESSERA_TRY(Value y, unary(context, UnaryKind::square, x));
    return std::optional(std::move(y));
  }
  if (exponent == 0.5 || exponent == -0.5) {
    TESSERA_TRY(Value y, unary(context, UnaryKind::sqrt, x));
    if (exponent > 0) return std::optional(std::move(y));
    TESSERA_TRY(Value z, unary(context, UnaryKind::reciprocal, y));
    return std::optional(std::move(z));
  }
  if (exponent == -1) {
    TESSERA_TRY(Value y, unary(context, UnaryKind::reciprocal, x));
    return std::optional(std::move(y));
  }
  return std::optional<Value>();
}

// x op constant (or constant op x if `reversed`) for one number; nothing when no unary op says it.
Result<std::optional<Value>> with_number(OpContext& context, BinaryOp op, const Value& x,
                                         double number, bool reversed) {
  const auto some = [](Result<Value> value) -> Result<std::optional<Value>> {
    TESSERA_TRY(Value v, std::move(value));
    return std::optional(std::move(v));
  };
  switch (op) {
    case BinaryOp::add: return some(affine(context, x, 1, number));
    case BinaryOp::mul: return some(affine(context, x, number, 0));
    case BinaryOp::sub:
      return some(reversed ? affine(context, x, -1, number) : affine(context, x, 1, -number));
    case BinaryOp::div: {
      if (!reversed) return some(affine(context, x, 1 / number, 0));
      TESSERA_TRY(const Value inverse, unary(context, UnaryKind::reciprocal, x));
      return some(affine(context, inverse, number, 0));
    }
    case BinaryOp::max: return some(clip(context, x, number, kFloatMax));
    case BinaryOp::min: return some(clip(context, x, -kFloatMax, number));
    case BinaryOp::pow:
      if (!reversed) return power_of(context, x, number);
      return std::optional<Value>();
  }
  return std::optional<Value>();
}

// x op constant where the constant is one number per channel.
Result<std::optional<Value>> with_channels(OpContext& context, BinaryOp op, const Value& x,
                                           const ConstArray& array, bool reversed) {
  if (op != BinaryOp::add && op != BinaryOp::mul && op != BinaryOp::sub && op != BinaryOp::div)
    return std::optional<Value>();
  TESSERA_TRY(const std::optional<Tensor> parameter, channel_parameter(context, array, x));
  if (!parameter) return std::optional<Value>();
  const int64_t channels = parameter->size();
  Value base = x;
  if (op == BinaryOp::div && reversed) {
    TESSERA_TRY(base, unary(context, UnaryKind::reciprocal, x));
  }
  std::vector<float> scale(static_cast<size_t>(channels), reversed && op == BinaryOp::sub ? -1 : 1);
  std::vector<float> bias(static_cast<size_t>(channels), 0);
  for (int64_t c = 0; c < channels; ++c) {
    const float p = (*parameter)[c];
    const auto at = static_cast<size_t>(c);
    if (op == BinaryOp::add || (op == BinaryOp::sub && reversed)) bias[at] = p;
    if (op == BinaryOp::sub && !reversed) bias[at] = -p;
    if (op == BinaryOp::mul || (op == BinaryOp::div && reversed)) scale[at] = p;
    if (op == BinaryOp::div && !reversed) scale[at] = 1 / p;
  }
  TESSERA_TRY(Value y, context.elementwise(Affine{Tensor({channels}, std::move(scale)),
                                                  Tensor({channels}, std::move(bias))},
                                           base));
  return std::optional(std::move(y));
}

// Whether two dims can meet as far as the rows of a batch go: the same rows on both sides, or
// values that are the same for all rows.
bool rows_meet(const ViewDim& a, const ViewDim& b) {
  if (!a.has_batch() && !b.has_batch()) return true;
  if (a == b || a.atoms.empty() || b.atoms.empty()) return true;
  const auto repeats = [](const ViewDim& d) { return !d.real() && !d.has_batch(); };
  return (!a.real() && repeats(b)) || (!b.real() && repeats(a));
}

// Can the graph op broadcast these two directly? Where both span an axis they must span it alike.
bool aligned(const Value& a, const Shape& sa, const Value& b, const Shape& sb) {
  for (size_t i = 0; i < a.view.size(); ++i) {
    if (a.view[i].real() && b.view[i].real() && !(a.view[i] == b.view[i])) return false;
  }
  for (Axis axis : {Axis::c, Axis::h, Axis::w}) {
    const int64_t ea = extent(sa, axis);
    const int64_t eb = extent(sb, axis);
    if (ea == 1 || eb == 1) continue;
    if (ea != eb) return false;
    for (size_t i = 0; i < a.view.size(); ++i) {
      if (a.view[i].on(axis) != b.view[i].on(axis)) return false;
    }
  }
  return true;
}

View broadcast_view(const Value& a, const Value& b) {
  View view = a.view;
  for (size_t i = 0; i < view.size(); ++i) {
    if (!view[i].real() && (b.view[i].real() || b.view[i].has_batch() || view[i].atoms.empty())) {
      const auto hint = view[i].hint;
      view[i] = b.view[i];
      if (!view[i].hint) view[i].hint = hint;
    }
  }
  return view;
}

// The dim to take apart so that the rest aligns: the outermost factor of the channels.
std::optional<size_t> dim_to_split(const Value& a, const Value& b) {
  std::optional<size_t> best;
  int64_t best_stride = 0;
  for (const Value* value : {&a, &b}) {
    for (size_t i = 0; i < value->view.size(); ++i) {
      const auto& atoms = value->view[i].atoms;
      if (atoms.size() != 1 || atoms[0].repeat || atoms[0].axis != Axis::c) continue;
      const int64_t rank = atoms[0].stride * 2 + (atoms[0].size <= 8 ? 1 : 0);
      if (!best || rank > best_stride) {
        best = i;
        best_stride = rank;
      }
    }
  }
  return best;
}

Result<Value> combine(OpContext& context, BinaryOp op, const Value& a, const Value& b, int depth);

Result<Value> combine_parts(OpContext& context, BinaryOp op, const Value& a, const Value& b,
                            size_t dim, int depth) {
  const int64_t count = std::max(a.view[dim].size(), b.view[dim].size());
  if (count > 64) return context.unsupported(fmt::format("works on {} parts one by one", count));
  std::vector<Value> parts;
  for (int64_t i = 0; i < count; ++i) {
    Value part_a = a;
    Value part_b = b;
    if (a.view[dim].size() > 1) {
      TESSERA_TRY(part_a, slice_value(context, a, dim, i, 1, 1));
    }
    if (b.view[dim].size() > 1) {
      TESSERA_TRY(part_b, slice_value(context, b, dim, i, 1, 1));
    }
    TESSERA_TRY(Value part, combine(context, op, part_a, part_b, depth + 1));
    parts.push_back(std::move(part));
  }
  return concat_values(context, std::move(parts), dim);
}

Result<Value> combine(OpContext& context, BinaryOp op, const Value& a, const Value& b, int depth) {
  for (size_t i = 0; i < a.view.size(); ++i) {
    if (rows_meet(a.view[i], b.view[i])) continue;
    return context.unsupported(
        fmt::format("joins the rows of a batch, laid out as {}, with other values, laid out as {}",
                    to_string(a.view), to_string(b.view)),
        "export the network with a batch of 1 or an open batch dimension");
  }
  if (aligned(a, context.shape(a.node), b, context.shape(b.node))) {
    if (op == BinaryOp::mul && a.node == b.node && a.view == b.view)
      return unary(context, UnaryKind::square, a);
    TESSERA_TRY(const NodeId node, context.add(graph_op(op), {a.node, b.node}));
    return Value::of(node, broadcast_view(a, b));
  }
  const std::optional<size_t> dim = depth < 3 ? dim_to_split(a, b) : std::nullopt;
  if (!dim) {
    return context.unsupported(fmt::format("its operands lie differently: {} and {}",
                                           to_string(a.view), to_string(b.view)));
  }
  return combine_parts(context, op, a, b, *dim, depth);
}

}  // namespace

Result<Value> affine(OpContext& context, const Value& x, double scale, double bias) {
  if (scale == 1 && bias == 0) return x;
  const int64_t channels = context.shape(x.node).c;
  return context.elementwise(Affine{Tensor::full({channels}, static_cast<float>(scale)),
                                    Tensor::full({channels}, static_cast<float>(bias))},
                             x);
}

namespace {

// Where an operand that has become one number per channel had larger dims, x repeats.
Value repeated_to(Value x, const Dims& dims) {
  for (size_t i = 0; i < dims.size(); ++i) {
    if (x.view[i].atoms.empty() && dims[i] > 1)
      x.view[i].atoms.push_back({true, Axis::c, dims[i], 0});
  }
  return x;
}

}  // namespace

Result<Value> binary(OpContext& context, BinaryOp op, Value a, Value b) {
  if (a.is_constant() && b.is_constant())
    return context.folded(fold_binary(onnx_name(op), a.constant(), b.constant()));
  Result<Dims> dims = broadcast_dims(a.dims(), b.dims());
  if (!dims) return context.located(std::move(dims).error());
  if (a.is_constant() || b.is_constant()) {
    const bool reversed = a.is_constant();
    Value x = with_rank(reversed ? b : a, dims->size());
    TESSERA_TRY(const ConstArray rows, one_row(context, (reversed ? a : b).constant(), x.view));
    const ConstArray array = rows.shrunk();
    if (array.size() == 0) return context.unsupported("has an empty operand");
    double number = 0;
    std::optional<Value> result;
    if (array.uniform(number)) {
      TESSERA_TRY(result, with_number(context, op, x, number, reversed));
    }
    if (!result) {
      TESSERA_TRY(result, with_channels(context, op, x, array, reversed));
    }
    if (result) return repeated_to(std::move(*result), *dims);
    const ConstArray full = with_rank(Value::of(array), dims->size()).constant();
    TESSERA_TRY(Value other, constant_value(context, full, x.view, context.shape(x.node)));
    a = reversed ? other : x;
    b = reversed ? x : other;
  }
  TESSERA_TRY(Value y,
              combine(context, op, with_rank(a, dims->size()), with_rank(b, dims->size()), 0));
  return repeated_to(std::move(y), *dims);
}

namespace {

template <BinaryOp op>
Result<Values> read_binary(OpContext& context) {
  TESSERA_TRY(Value result, context.required(0));
  const size_t count = op == BinaryOp::max || op == BinaryOp::min ? context.input_count() : 2;
  for (size_t i = 1; i < count; ++i) {
    TESSERA_TRY(Value next, context.required(i));
    TESSERA_TRY(result, binary(context, op, std::move(result), std::move(next)));
  }
  return Values{std::move(result)};
}

Result<Values> read_mod(OpContext& context) {
  TESSERA_TRY(const ConstArray a, context.required_constant(0, "dividend"));
  TESSERA_TRY(const ConstArray b, context.required_constant(1, "divisor"));
  TESSERA_TRY(Value result,
              context.folded(fold_binary("Mod", a, b, context.integer("fmod", 0) != 0)));
  return Values{std::move(result)};
}

Result<Values> read_sum(OpContext& context) {
  TESSERA_TRY(Value sum, context.required(0));
  for (size_t i = 1; i < context.input_count(); ++i) {
    TESSERA_TRY(Value next, context.required(i));
    TESSERA_TRY(sum, binary(context, BinaryOp::add, std::move(sum), std::move(next)));
  }
  if (context.op_type() == "Mean") {
    const double share = 1.0 / static_cast<double>(context.input_count());
    TESSERA_TRY(sum, binary(context, BinaryOp::mul, std::move(sum),
                            Value::of(ConstArray::splat({}, ElementKind::real, share))));
  }
  return Values{std::move(sum)};
}

}  // namespace

std::span<const OpEntry> arithmetic_ops() {
  static constexpr OpEntry kOps[] = {
      {"Add", read_binary<BinaryOp::add>},
      {"Sub", read_binary<BinaryOp::sub>},
      {"Mul", read_binary<BinaryOp::mul>},
      {"Div", read_binary<BinaryOp::div>},
      {"Max", read_binary<BinaryOp::max>},
      {"Min", read_binary<BinaryOp::min>},
      {"Pow", read_binary<BinaryOp::pow>},
      {"Mod", read_mod, "of constants"},
      {"Sum", read_sum},
      {"Mean", read_sum},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
