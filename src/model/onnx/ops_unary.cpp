// Element-wise functions of one tensor, and activations.
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "model/onnx/fold.h"
#include "model/onnx/op_context.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {

Result<Value> unary(OpContext& context, UnaryKind kind, const Value& x) {
  Unary op;
  op.kind = kind;
  return context.elementwise(op, x);
}

namespace {

template <UnaryKind kind>
Result<Values> read_unary(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  if (x.is_constant()) {
    TESSERA_TRY(Value y, context.folded(fold_unary(context.op_type(), x.constant())));
    return Values{std::move(y)};
  }
  TESSERA_TRY(Value y, unary(context, kind, x));
  return Values{std::move(y)};
}

// Known for constants only.
Result<Values> read_folded(OpContext& context) {
  TESSERA_TRY(const ConstArray x, context.required_constant(0, "input"));
  TESSERA_TRY(Value y, context.folded(fold_unary(context.op_type(), x)));
  return Values{std::move(y)};
}

Result<Values> parametric(OpContext& context, const Unary& op) {
  TESSERA_TRY(const Value x, context.required(0));
  if (x.is_constant()) return context.unsupported("activates a constant");
  TESSERA_TRY(Value y, context.elementwise(op, x));
  return Values{std::move(y)};
}

Result<Values> read_elu(OpContext& context) {
  Unary op;
  op.kind = UnaryKind::elu;
  op.alpha = context.real("alpha", 1);
  return parametric(context, op);
}

Result<Values> read_selu(OpContext& context) {
  Unary op;
  op.kind = UnaryKind::elu;
  op.alpha = context.real("alpha", 1.67326319217681884765625);
  TESSERA_TRY(Values y, parametric(context, op));
  TESSERA_TRY(y[0], affine(context, y[0], context.real("gamma", 1.05070102214813232421875), 0));
  return y;
}

Result<Values> read_hard_sigmoid(OpContext& context) {
  Unary op;
  op.kind = UnaryKind::hard_sigmoid;
  op.alpha = context.real("alpha", 0.2F);
  op.beta = context.real("beta", 0.5F);
  return parametric(context, op);
}

Result<Values> read_hard_swish(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  if (x.is_constant()) return context.unsupported("activates a constant");
  Unary op;
  op.kind = UnaryKind::hard_sigmoid;
  op.alpha = 1.0 / 6;
  op.beta = 0.5;
  TESSERA_TRY(const Value gate, context.elementwise(op, x));
  TESSERA_TRY(Value y, binary(context, BinaryOp::mul, x, gate));
  return Values{std::move(y)};
}

Result<Values> read_clip(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  double bounds[2] = {context.real("min", -kFloatMax), context.real("max", kFloatMax)};
  for (size_t i = 1; i <= 2; ++i) {
    if (!context.has_input(i)) continue;
    TESSERA_TRY(const ConstArray bound, context.required_constant(i, i == 1 ? "min" : "max"));
    if (bound.size() != 1) return context.invalid("its bounds are not single numbers");
    bounds[i - 1] = bound.real_at(0);
  }
  const auto number = [](double v) {
    return Value::of(ConstArray::splat({}, ElementKind::real, v));
  };
  if (x.is_constant()) {
    TESSERA_TRY(Value low, binary(context, BinaryOp::max, x, number(bounds[0])));
    TESSERA_TRY(Value y, binary(context, BinaryOp::min, low, number(bounds[1])));
    return Values{std::move(y)};
  }
  Unary op;
  op.kind = UnaryKind::clip;
  op.alpha = std::max(bounds[0], -kFloatMax);
  op.beta = std::min(bounds[1], kFloatMax);
  if (op.alpha == 0 && op.beta == kFloatMax) op = Unary{};
  TESSERA_TRY(Value y, context.elementwise(op, x));
  return Values{std::move(y)};
}

Result<Value> prelu(OpContext& context, const Value& x, const ConstArray& slope) {
  Unary op;
  op.kind = UnaryKind::prelu;
  double value = 0;
  if (slope.size() == 1 && slope.uniform(value)) {
    op.slope = Tensor({1}, {static_cast<float>(value)});
    return context.elementwise(std::move(op), x);
  }
  TESSERA_TRY(const std::optional<Tensor> parameter, channel_parameter(context, slope, x));
  if (!parameter) {
    return context.unsupported(fmt::format("its slope {} varies along something else than channels",
                                           dims_to_string(slope.dims())),
                               "a PReLU has one slope, or one per channel");
  }
  op.slope = *parameter;
  return context.elementwise(std::move(op), x);
}

Result<Values> read_prelu(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  TESSERA_TRY(const ConstArray slope, context.required_constant(1, "slope"));
  if (x.is_constant()) return context.unsupported("activates a constant");
  TESSERA_TRY(Value y, prelu(context, x, slope));
  return Values{std::move(y)};
}

Result<Values> read_leaky_relu(OpContext& context) {
  Unary op;
  op.kind = UnaryKind::prelu;
  op.slope = Tensor({1}, {static_cast<float>(context.real("alpha", 0.01F))});
  return parametric(context, op);
}

Result<Values> read_gelu(OpContext& context) {
  if (context.text("approximate", "none") != "none") {
    return context.unsupported("uses the tanh approximation of GELU",
                               "export the model with GELU(approximate='none')");
  }
  Unary op;
  op.kind = UnaryKind::gelu;
  return parametric(context, op);
}

Result<Values> read_quick_gelu(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  if (x.is_constant()) return context.unsupported("activates a constant");
  TESSERA_TRY(const Value scaled, affine(context, x, context.real("alpha", 1.702), 0));
  TESSERA_TRY(const Value gate, unary(context, UnaryKind::sigmoid, scaled));
  TESSERA_TRY(Value y, binary(context, BinaryOp::mul, x, gate));
  return Values{std::move(y)};
}

Result<Values> read_softsign(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  if (x.is_constant()) return context.unsupported("activates a constant");
  TESSERA_TRY(const Value size, unary(context, UnaryKind::abs, x));
  TESSERA_TRY(const Value below, affine(context, size, 1, 1));
  TESSERA_TRY(Value y, binary(context, BinaryOp::div, x, below));
  return Values{std::move(y)};
}

Result<Values> read_mish(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  if (x.is_constant()) return context.unsupported("activates a constant");
  TESSERA_TRY(const Value soft, unary(context, UnaryKind::softplus, x));
  TESSERA_TRY(const Value gate, unary(context, UnaryKind::tanh, soft));
  TESSERA_TRY(Value y, binary(context, BinaryOp::mul, x, gate));
  return Values{std::move(y)};
}

// Identity in evaluation.
Result<Values> read_dropout(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  if (context.has_input(2)) {
    TESSERA_TRY(const ConstArray training, context.required_constant(2, "training mode"));
    if (training.size() == 1 && training.integer_at(0) != 0) {
      return context.unsupported("was exported in training mode",
                                 "call model.eval() before exporting");
    }
  }
  return Values{std::move(x)};
}

}  // namespace

std::span<const OpEntry> unary_ops() {
  static constexpr OpEntry kOps[] = {
      {"Relu", read_unary<UnaryKind::relu>},
      {"Sigmoid", read_unary<UnaryKind::sigmoid>},
      {"Tanh", read_unary<UnaryKind::tanh>},
      {"Softplus", read_unary<UnaryKind::softplus>},
      {"Exp", read_unary<UnaryKind::exp>},
      {"Log", read_unary<UnaryKind::log>},
      {"Sqrt", read_unary<UnaryKind::sqrt>},
      {"Reciprocal", read_unary<UnaryKind::reciprocal>},
      {"Abs", read_unary<UnaryKind::abs>},
      {"Neg", read_unary<UnaryKind::neg>},
      {"Erf", read_unary<UnaryKind::erf>},
      {"Floor", read_folded, "of constants"},
      {"Ceil", read_folded, "of constants"},
      {"Round", read_folded, "of constants"},
      {"Sign", read_folded, "of constants"},
      {"Sin", read_folded, "of constants"},
      {"Cos", read_folded, "of constants"},
      {"Elu", read_elu},
      {"Selu", read_selu},
      {"HardSigmoid", read_hard_sigmoid},
      {"HardSwish", read_hard_swish},
      {"Clip", read_clip, "constant bounds"},
      {"PRelu", read_prelu, "one slope, or one per channel"},
      {"LeakyRelu", read_leaky_relu},
      {"Gelu", read_gelu, "approximate = 'none'"},
      {"QuickGelu", read_quick_gelu, "of com.microsoft"},
      {"Softsign", read_softsign},
      {"Mish", read_mish},
      {"Dropout", read_dropout, "in evaluation"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
