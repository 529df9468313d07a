// BatchNormalization, InstanceNormalization, GroupNormalization, LayerNormalization.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "model/onnx/batch_rows.h"
#include "model/onnx/op_context.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

Result<Tensor> row(OpContext& context, size_t input, std::string_view what, int64_t size) {
  TESSERA_TRY(const ConstArray array, context.required_constant(input, what));
  if (array.size() != size) {
    return context.invalid(
        fmt::format("its {} has {} values for {} channels", what, array.size(), size));
  }
  return array.tensor({size});
}

struct BatchNorm {
  Tensor gamma, beta, mean, variance;
  double eps = 0;
};

Result<Value> batch_norm(OpContext& context, const Value& x, const BatchNorm& p) {
  if (x.view[0].on(Axis::c)) {  // sources, one by one
    return for_each_index(context, x, 0,
                          [&](const Value& part) { return batch_norm(context, part, p); });
  }
  if (!is_whole(x.view[1], context.shape(x.node), Axis::c)) {
    return context.unsupported(
        fmt::format("normalises dimension 1 of a tensor laid out as {}, which is not its channels",
                    to_string(x.view)));
  }
  Norm op;
  op.kind = NormKind::batch;
  op.gamma = p.gamma;
  op.beta = p.beta;
  op.eps = p.eps;
  op.mean = p.mean;
  op.variance = p.variance;
  return context.elementwise(std::move(op), x);
}

Result<Values> read_batch_norm(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  if (!x.is_tensor()) return context.unsupported("normalises a constant");
  if (context.integer("training_mode", 0) != 0) {
    return context.unsupported("was exported in training mode",
                               "call model.eval() before exporting");
  }
  TESSERA_TRY(const ConstArray gamma, context.required_constant(1, "scale"));
  const int64_t channels = gamma.size();
  if (channels < 1 || x.rank() < 2) return context.invalid("has no channels");
  BatchNorm p;
  TESSERA_TRY(p.gamma, row(context, 1, "scale", channels));
  TESSERA_TRY(p.beta, row(context, 2, "bias", channels));
  TESSERA_TRY(p.mean, row(context, 3, "mean", channels));
  TESSERA_TRY(p.variance, row(context, 4, "variance", channels));
  p.eps = context.real("epsilon", 1e-5F);
  TESSERA_TRY(Value y, batch_norm(context, x, p));
  return Values{std::move(y)};
}

// A norm over the dims marked, one mean and variance per index of the others, without gamma and
// beta.
Result<Value> normalise(OpContext& context, const Value& x, const std::vector<bool>& over,
                        double eps) {
  const Shape& shape = context.shape(x.node);
  std::array<bool, 3> inside{};
  std::array<bool, 3> outside{};
  for (size_t i = 0; i < x.view.size(); ++i) {
    if (over[i]) TESSERA_TRY_VOID(keep_rows_apart(context, x.view[i], "normalises over"));
    for (const Atom& a : x.view[i].atoms) {
      if (a.batch) continue;
      if (a.repeat) return context.unsupported("normalises repeated values");
      (over[i] ? inside : outside)[static_cast<size_t>(a.axis)] = true;
    }
  }
  const auto is_in = [&](Axis axis) { return inside[static_cast<size_t>(axis)]; };
  const auto is_out = [&](Axis axis) { return outside[static_cast<size_t>(axis)]; };
  if (is_in(Axis::c) && is_out(Axis::c)) {  // groups of channels, or sources
    for (size_t i = 0; i < x.view.size(); ++i) {
      if (over[i] || !x.view[i].on(Axis::c)) continue;
      return for_each_index(context, x, i,
                            [&](const Value& part) { return normalise(context, part, over, eps); });
    }
  }
  if (is_in(Axis::h) || (is_in(Axis::w) && is_out(Axis::w))) {
    return context.unsupported("normalises over devices or over part of time",
                               "each device has its own statistics in Tessera");
  }
  Norm op;
  op.gamma = Tensor::full({shape.c}, 1);
  op.beta = Tensor::full({shape.c}, 0);
  op.eps = eps;
  if (is_in(Axis::c) && is_in(Axis::w)) {
    op.kind = NormKind::global;
  } else if (is_in(Axis::w)) {
    op.kind = shape.c == 1 ? NormKind::global : NormKind::feature_wise;
  } else if (is_in(Axis::c)) {
    op.kind = shape.w == 1 ? NormKind::global : NormKind::channel_wise;
  } else {
    return context.unsupported("normalises single values");
  }
  return context.elementwise(std::move(op), x);
}

// gamma*x + beta, both given as constants that broadcast to x.
Result<Value> scaled(OpContext& context, Value x, const ConstArray& gamma,
                     const std::optional<ConstArray>& beta) {
  TESSERA_TRY(x, binary(context, BinaryOp::mul, std::move(x), Value::of(gamma)));
  if (beta) {
    TESSERA_TRY(x, binary(context, BinaryOp::add, std::move(x), Value::of(*beta)));
  }
  return x;
}

// One number per index of dimension 1.
ConstArray along_dim_1(const ConstArray& values, size_t rank) {
  Dims dims(rank - 1, 1);
  dims[0] = values.size();
  return values.reshaped(std::move(dims));
}

Result<Values> read_instance_norm(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  if (!x.is_tensor() || x.rank() < 3) return context.unsupported("normalises rank below 3");
  TESSERA_TRY(const ConstArray gamma, context.required_constant(1, "scale"));
  TESSERA_TRY(const ConstArray beta, context.required_constant(2, "bias"));
  const int64_t channels = x.view[1].size();
  if (gamma.size() != channels || beta.size() != channels)
    return context.invalid(fmt::format("has {} scales for {} channels", gamma.size(), channels));
  std::vector<bool> over(x.rank(), true);
  over[0] = over[1] = false;
  TESSERA_TRY(Value y, normalise(context, x, over, context.real("epsilon", 1e-5F)));
  TESSERA_TRY(
      y, scaled(context, std::move(y), along_dim_1(gamma, x.rank()), along_dim_1(beta, x.rank())));
  return Values{std::move(y)};
}

Result<Values> read_group_norm(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  if (!x.is_tensor() || x.rank() < 3) return context.unsupported("normalises rank below 3");
  TESSERA_TRY(const ConstArray gamma, context.required_constant(1, "scale"));
  TESSERA_TRY(const ConstArray beta, context.required_constant(2, "bias"));
  const int64_t groups = context.integer("num_groups", 0);
  const int64_t channels = x.view[1].size();
  if (groups < 1 || channels % groups != 0)
    return context.invalid(fmt::format("splits {} channels into {} groups", channels, groups));
  Dims dims = x.dims();
  dims[1] = groups;
  dims.insert(dims.begin() + 2, channels / groups);
  const std::optional<View> grouped = reshaped(x.view, dims);
  if (!grouped) return context.unsupported("its groups do not lie along the channels");
  std::vector<bool> over(dims.size(), true);
  over[0] = over[1] = false;
  TESSERA_TRY(Value y, normalise(context, Value::of(x.node, *grouped), over,
                                 context.real("epsilon", 1e-5F)));
  const std::optional<View> back = reshaped(y.view, x.dims());
  TESSERA_CHECK(back.has_value(), "the split of a dim can be undone");
  y.view = *back;
  if (gamma.size() != channels && gamma.size() == groups) {  // opset 18: one per group
    const auto per_channel = [&](const ConstArray& a) {
      return expand(a.reshaped({groups, 1}), {groups, channels / groups});
    };
    TESSERA_TRY(const ConstArray g, per_channel(gamma));
    TESSERA_TRY(const ConstArray b, per_channel(beta));
    TESSERA_TRY(y, scaled(context, std::move(y), along_dim_1(g.reshaped({channels}), x.rank()),
                          along_dim_1(b.reshaped({channels}), x.rank())));
    return Values{std::move(y)};
  }
  if (gamma.size() != channels || beta.size() != channels)
    return context.invalid(fmt::format("has {} scales for {} channels", gamma.size(), channels));
  TESSERA_TRY(
      y, scaled(context, std::move(y), along_dim_1(gamma, x.rank()), along_dim_1(beta, x.rank())));
  return Values{std::move(y)};
}

Result<Values> read_layer_norm(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  if (!x.is_tensor()) return context.unsupported("normalises a constant");
  TESSERA_TRY(const ConstArray gamma, context.required_constant(1, "scale"));
  std::optional<ConstArray> beta;
  if (context.has_input(2)) {
    TESSERA_TRY(beta, context.required_constant(2, "bias"));
  }
  TESSERA_TRY(const size_t axis, context.axis(context.integer("axis", -1), x.rank()));
  std::vector<bool> over(x.rank(), false);
  for (size_t i = axis; i < over.size(); ++i) over[i] = true;
  TESSERA_TRY(Value y, normalise(context, x, over, context.real("epsilon", 1e-5F)));
  TESSERA_TRY(y, scaled(context, std::move(y), gamma, beta));
  return Values{std::move(y)};
}

}  // namespace

std::span<const OpEntry> norm_ops() {
  static constexpr OpEntry kOps[] = {
      {"BatchNormalization", read_batch_norm, "in evaluation"},
      {"InstanceNormalization", read_instance_norm,
       "over channels, time or both; not over devices"},
      {"GroupNormalization", read_group_norm, "over channels, time or both; not over devices"},
      {"LayerNormalization", read_layer_norm, "over channels, time or both; not over devices"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
