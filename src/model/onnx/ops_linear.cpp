// MatMul, Gemm, FusedMatMul with constant weights: pointwise convolutions over the channels, a
// kernel as long as the sequence over a flattened tensor, and sums up to each frame over time.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "model/onnx/batch_rows.h"
#include "model/onnx/contraction.h"
#include "model/onnx/fold.h"
#include "model/onnx/op_context.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

bool only_ones_before(const ConstArray& weight) {
  // weight[out][in] = 1 for in <= out: a cumulative sum.
  const int64_t n = weight.dims()[0];
  if (weight.dims()[1] != n || n < 2) return false;
  for (int64_t o = 0; o < n; ++o) {
    for (int64_t i = 0; i < n; ++i) {
      if (weight.real_at(o * n + i) != (i <= o ? 1.0 : 0.0)) return false;
    }
  }
  return true;
}

bool all_in(const View& view, size_t dim, Axis axis) {
  for (size_t i = 0; i < view.size(); ++i) {
    if (i != dim && view[i].on(axis)) return false;
  }
  return true;
}

// Rearranges the columns of the weight from the order of the dim's elements to [C, H, W] order.
Result<Tensor> kernel_over(OpContext& context, const Value& x, size_t dim,
                           const ConstArray& weight) {
  const Shape& shape = context.shape(x.node);
  const std::vector<Atom>& atoms = x.view[dim].atoms;
  const int64_t out = weight.dims()[0];
  const int64_t in = weight.dims()[1];
  if (shape.h == 1 && (atoms.size() <= 1)) return weight.tensor({out, shape.c, 1, shape.w});
  std::vector<float> values(static_cast<size_t>(out * in));
  Dims sizes;
  for (const Atom& a : atoms) sizes.push_back(a.size);
  int64_t column = 0;
  for (IndexWalk walk(sizes, {element_strides(shape, atoms)}); !walk.done();
       walk.next(), ++column) {
    for (int64_t o = 0; o < out; ++o)
      values[static_cast<size_t>(o * in + walk.offset(0))] =
          static_cast<float>(weight.real_at(o * in + column));
  }
  return Tensor({out, shape.c, shape.h, shape.w}, std::move(values));
}

}  // namespace

Result<Value> linear(OpContext& context, const Value& x, size_t dim, const Linear& p) {
  const Shape shape = context.shape(x.node);
  const ViewDim& along = x.view[dim];
  TESSERA_TRY_VOID(keep_rows_apart(context, along, "multiplies"));
  if (!along.real() && along.size() > 1) return context.unsupported("multiplies repeated values");
  for (size_t i = 0; i < x.view.size(); ++i) {  // sources, or groups, one by one
    if (i == dim || !x.view[i].on(Axis::c) || !along.on(Axis::c)) continue;
    return for_each_index(context, x, i,
                          [&](const Value& part) { return linear(context, part, dim, p); });
  }
  if (is_whole(along, shape, Axis::w) && shape.w > 1 && only_ones_before(p.weight) &&
      p.bias.empty())
    return context.elementwise(CumulativeSum{}, x);
  const bool uses_c = along.on(Axis::c) || shape.c == 1;
  if (!uses_c || !all_in(x.view, dim, Axis::c)) {
    return context.unsupported(
        fmt::format("multiplies along dimension {} of a tensor laid out as {}", dim,
                    to_string(x.view)),
        "linear layers run over channels, or over everything");
  }
  const bool over_w = along.on(Axis::w) || along.on(Axis::h);
  Op op;
  if (over_w) {
    if (!all_in(x.view, dim, Axis::w) || (!along.on(Axis::h) && shape.h > 1)) {
      return context.unsupported("multiplies over part of time");
    }
    TESSERA_TRY(Tensor weight, kernel_over(context, x, dim, p.weight));
    op = Conv{std::move(weight), p.bias, {}, {}, {}, 1};
  } else if (shape.w == 1) {
    op = Gemm{p.weight.tensor({p.weight.dims()[0], shape.c}), p.bias};
  } else {
    op = Conv{p.weight.tensor({p.weight.dims()[0], shape.c, 1, 1}), p.bias, {}, {}, {}, 1};
  }
  TESSERA_TRY(const NodeId node, context.add(std::move(op), {x.node}));
  View view = x.view;
  view[dim] = whole(context.shape(node), Axis::c);
  return Value::of(node, std::move(view));
}

namespace {

Result<ConstArray> transposed(OpContext& context, const ConstArray& matrix) {
  Result<ConstArray> result = transpose(matrix, std::array<int64_t, 2>{1, 0});
  if (!result) return context.located(std::move(result).error());
  return result;
}

Result<ConstArray> as_matrix(OpContext& context, const ConstArray& array) {
  Dims dims = array.dims();
  while (dims.size() > 2 && dims[0] == 1) dims.erase(dims.begin());
  if (dims.size() != 2 || array.size() < 1) {
    return context.unsupported(
        fmt::format("multiplies by a constant of shape {}", dims_to_string(array.dims())),
        "weights of linear layers are matrices");
  }
  return array.reshaped(std::move(dims));
}

Result<Values> read_matmul(OpContext& context) {
  TESSERA_TRY(Value a, context.required(0));
  TESSERA_TRY(Value b, context.required(1));
  if (context.integer("transA", 0) != 0 || context.integer("transBatchA", 0) != 0)
    return context.unsupported("multiplies a transposed tensor");
  if (a.is_constant() && b.is_constant()) {
    TESSERA_TRY(Value y, context.folded(fold_matmul(a.constant(), b.constant())));
    return Values{std::move(y)};
  }
  if (a.is_tensor() && b.is_tensor()) {
    return context.unsupported(
        "multiplies two tensors that the network computes (attention)",
        "Tessera reads convolutional networks; leave the model in ONNX Runtime");
  }
  const bool left = a.is_tensor();  // x @ weight
  const Value& x = left ? a : b;
  TESSERA_TRY(ConstArray weight, as_matrix(context, left ? b.constant() : a.constant()));
  if (left != (context.integer("transB", 0) != 0)) {
    TESSERA_TRY(weight, transposed(context, weight));
  }
  if (x.rank() < (left ? 1U : 2U)) return context.unsupported("multiplies a vector from the left");
  const size_t dim = x.rank() - (left ? 1 : 2);
  if (x.view[dim].size() != weight.dims()[1]) {
    return context.invalid(fmt::format("multiplies {} elements by a matrix for {}",
                                       x.view[dim].size(), weight.dims()[1]));
  }
  TESSERA_TRY(Value y, linear(context, x, dim, {weight, {}}));
  TESSERA_TRY(y, affine(context, y, context.real("alpha", 1), 0));
  return Values{std::move(y)};
}

Result<ConstArray> times(OpContext& context, const ConstArray& array, double factor) {
  if (factor == 1) return array;
  Result<ConstArray> result =
      fold_binary("Mul", array, ConstArray::splat({}, ElementKind::real, factor));
  if (!result) return context.located(std::move(result).error());
  return result;
}

Result<Values> folded_gemm(OpContext& context, ConstArray a, ConstArray b) {
  if (context.integer("transA", 0) != 0) {
    TESSERA_TRY(a, transposed(context, a));
  }
  if (context.integer("transB", 0) != 0) {
    TESSERA_TRY(b, transposed(context, b));
  }
  TESSERA_TRY(const Value product, context.folded(fold_matmul(a, b)));
  TESSERA_TRY(const ConstArray scaled,
              times(context, product.constant(), context.real("alpha", 1)));
  if (!context.has_input(2)) return Values{Value::of(scaled)};
  TESSERA_TRY(const ConstArray bias, context.required_constant(2, "bias"));
  TESSERA_TRY(const ConstArray c, times(context, bias, context.real("beta", 1)));
  TESSERA_TRY(Value y, context.folded(fold_binary("Add", scaled, c)));
  return Values{std::move(y)};
}

Result<Values> read_gemm(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  TESSERA_TRY(const ConstArray given, context.required_constant(1, "weight"));
  TESSERA_TRY(ConstArray weight, as_matrix(context, given));
  if (x.rank() != 2)
    return context.invalid(fmt::format("multiplies a tensor of rank {}", x.rank()));
  if (x.is_constant()) return folded_gemm(context, x.constant(), weight);
  if (context.integer("transB", 0) == 0) {
    TESSERA_TRY(weight, transposed(context, weight));
  }
  const size_t dim = context.integer("transA", 0) != 0 ? 0 : 1;
  if (x.view[dim].size() != weight.dims()[1]) {
    return context.invalid(fmt::format("multiplies {} elements by a matrix for {}",
                                       x.view[dim].size(), weight.dims()[1]));
  }
  TESSERA_TRY(weight, times(context, weight, context.real("alpha", 1)));
  Linear p{weight, {}};
  std::optional<ConstArray> separate;
  if (context.has_input(2)) {
    TESSERA_TRY(const ConstArray bias, context.required_constant(2, "bias"));
    TESSERA_TRY(const ConstArray c, times(context, bias, context.real("beta", 1)));
    const int64_t out = weight.dims()[0];
    const bool is_row = c.size() == out && (c.rank() < 2 || c.dims().back() == out);
    if (is_row) {
      p.bias = c.tensor({out});
    } else if (c.size() == 1) {
      p.bias = Tensor::full({out}, static_cast<float>(c.real_at(0)));
    } else {
      separate = c;
    }
  }
  if (dim == 0) std::swap(x.view[0], x.view[1]);
  TESSERA_TRY(Value y, linear(context, x, 1, p));
  if (separate) {
    TESSERA_TRY(y, binary(context, BinaryOp::add, std::move(y), Value::of(*separate)));
  }
  return Values{std::move(y)};
}

}  // namespace

std::span<const OpEntry> linear_ops() {
  static constexpr OpEntry kOps[] = {
      {"MatMul", read_matmul, "one constant matrix, over channels or over everything"},
      {"FusedMatMul", read_matmul, "of com.microsoft; the same, nothing transposed"},
      {"Gemm", read_gemm, "constant weights"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
