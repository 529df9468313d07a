// Reductions, cumulative sums and softmax.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "model/onnx/batch_rows.h"
#include "model/onnx/contraction.h"
#include "model/onnx/fold.h"
#include "model/onnx/op_context.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

// Dims marked, or all.
Result<std::vector<bool>> reduced_dims(OpContext& context, const Value& x) {
  TESSERA_TRY(const std::vector<int64_t> axes, context.integers_from("axes", 1, "axes"));
  std::vector<bool> over(x.rank(), axes.empty() && context.integer("noop_with_empty_axes", 0) == 0);
  for (int64_t a : axes) {
    TESSERA_TRY(const size_t axis, context.axis(a, x.rank()));
    over[axis] = true;
  }
  return over;
}

void clear_dims(View& view, const std::vector<bool>& over) {
  for (size_t i = 0; i < view.size(); ++i) {
    if (!over[i]) continue;
    if (view[i].atoms.size() == 1 && !view[i].atoms[0].repeat) view[i].hint = view[i].atoms[0].axis;
    view[i].atoms.clear();
  }
}

// Over which axes the marked dims run; nothing when they cut an axis.
std::optional<std::array<bool, 3>> whole_axes(const Value& x, const std::vector<bool>& over) {
  std::array<bool, 3> inside{};
  std::array<bool, 3> outside{};
  for (size_t i = 0; i < x.view.size(); ++i) {
    for (const Atom& a : x.view[i].atoms)
      (over[i] ? inside : outside)[static_cast<size_t>(a.axis)] |= !a.repeat;
  }
  for (size_t k = 0; k < 3; ++k) {
    if (inside[k] && outside[k]) return std::nullopt;
  }
  return inside;
}

// Sum, mean, largest or smallest over a factor of the channels (over sources): part by part.
Result<Value> reduce_parts(OpContext& context, ReduceKind kind, const Value& x,
                           const std::vector<bool>& over) {
  std::optional<size_t> kept;
  std::optional<size_t> summed;
  for (size_t i = 0; i < x.view.size(); ++i) {
    if (!x.view[i].on(Axis::c) || x.view[i].size() > 64) continue;
    (over[i] ? summed : kept) = i;
  }
  if (kept) {
    return for_each_index(context, x, *kept,
                          [&](const Value& part) { return reduce(context, kind, part, over); });
  }
  if (!summed) {
    return context.unsupported(
        fmt::format("reduces part of an axis of a tensor laid out as {}", to_string(x.view)));
  }
  const int64_t count = x.view[*summed].size();
  std::optional<Value> total;
  for (int64_t i = 0; i < count; ++i) {
    TESSERA_TRY(Value part, slice_value(context, x, *summed, i, 1, 1));
    TESSERA_TRY(part, reduce(context, kind, part, over));
    if (!total) {
      total = std::move(part);
      continue;
    }
    const BinaryOp op = kind == ReduceKind::max   ? BinaryOp::max
                        : kind == ReduceKind::min ? BinaryOp::min
                                                  : BinaryOp::add;
    TESSERA_TRY(total, binary(context, op, std::move(*total), std::move(part)));
  }
  if (kind == ReduceKind::mean) return affine(context, *total, 1.0 / static_cast<double>(count), 0);
  return std::move(*total);
}

}  // namespace

Result<Value> reduce(OpContext& context, ReduceKind kind, const Value& x,
                     const std::vector<bool>& over) {
  for (size_t i = 0; i < x.rank(); ++i) {
    if (over[i]) TESSERA_TRY_VOID(keep_rows_apart(context, x.view[i], "reduces"));
  }
  const std::optional<std::array<bool, 3>> axes = whole_axes(x, over);
  if (!axes) return reduce_parts(context, kind, x, over);
  double repeats = 1;
  for (size_t i = 0; i < x.view.size(); ++i) {
    for (const Atom& a : x.view[i].atoms)
      repeats *= over[i] && a.repeat ? static_cast<double>(a.size) : 1;
  }
  Value y = x;
  if ((*axes)[0] || (*axes)[1] || (*axes)[2]) {
    TESSERA_TRY(y.node, context.add(Reduce{kind, (*axes)[0], (*axes)[1], (*axes)[2]}, {x.node}));
  }
  clear_dims(y.view, over);
  if (kind == ReduceKind::sum) return affine(context, y, repeats, 0);
  return y;
}

namespace {

Result<Values> read_reduce(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  TESSERA_TRY(const std::vector<bool> over, reduced_dims(context, x));
  const bool keep = context.integer("keepdims", 1) != 0;
  const std::string& op = context.op_type();
  if (x.is_constant()) {
    TESSERA_TRY(Value y, context.folded(fold_reduce(op, x.constant(), over, keep)));
    return Values{std::move(y)};
  }
  ReduceKind kind = ReduceKind::sum;
  if (op == "ReduceMean") kind = ReduceKind::mean;
  if (op == "ReduceMax") kind = ReduceKind::max;
  if (op == "ReduceMin") kind = ReduceKind::min;
  if (op == "ReduceProd") return context.unsupported("multiplies all elements of an axis");
  if (op == "ReduceSumSquare" || op == "ReduceL2") {
    TESSERA_TRY(x, unary(context, UnaryKind::square, x));
  }
  if (op == "ReduceL1") {
    TESSERA_TRY(x, unary(context, UnaryKind::abs, x));
  }
  TESSERA_TRY(Value y, reduce(context, kind, x, over));
  if (op == "ReduceL2") {
    TESSERA_TRY(y, unary(context, UnaryKind::sqrt, y));
  }
  if (!keep) {
    for (size_t i = over.size(); i-- > 0;) {
      if (over[i]) y.view.erase(y.view.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return Values{std::move(y)};
}

Result<Values> fold_cumulative(OpContext& context, const ConstArray& x, size_t axis) {
  if (x.size() > kMaxFoldedElements) return context.unsupported("its input is too large");
  std::vector<double> sums(static_cast<size_t>(x.size()));
  const Dims strides = row_major_strides(x.dims());
  for (IndexWalk walk(x.dims(), {strides}); !walk.done(); walk.next()) {
    const auto at = static_cast<size_t>(walk.offset(0));
    const double before =
        walk.coordinate(axis) == 0 ? 0 : sums[at - static_cast<size_t>(strides[axis])];
    sums[at] = before + x.real_at(walk.offset(0));
  }
  if (x.is_real()) {
    std::vector<float> values(sums.begin(), sums.end());
    TESSERA_TRY(Value y, context.folded(ConstArray::reals(x.dims(), std::move(values))));
    return Values{std::move(y)};
  }
  std::vector<int64_t> values;
  for (double s : sums) values.push_back(std::llround(s));
  TESSERA_TRY(Value y, context.folded(ConstArray::integers(x.dims(), std::move(values))));
  return Values{std::move(y)};
}

Result<Values> read_cumulative_sum(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  TESSERA_TRY(const ConstArray at, context.required_constant(1, "axis"));
  if (at.size() != 1) return context.invalid("its axis is not one number");
  TESSERA_TRY(const size_t axis, context.axis(at.integer_at(0), x.rank()));
  if (context.integer("exclusive", 0) != 0 || context.integer("reverse", 0) != 0)
    return context.unsupported("sums in reverse or without the element itself");
  if (x.is_constant()) return fold_cumulative(context, x.constant(), axis);
  if (!is_whole(x.view[axis], context.shape(x.node), Axis::w)) {
    return context.unsupported("sums up along something else than time");
  }
  TESSERA_TRY(Value y, context.elementwise(CumulativeSum{}, x));
  return Values{std::move(y)};
}

Result<Value> softmax(OpContext& context, const Value& x, size_t dim) {
  const Shape& shape = context.shape(x.node);
  const std::vector<Atom>& atoms = x.view[dim].atoms;
  Softmax op;
  if (atoms.empty()) return context.elementwise(op, x);  // among one source: 1 everywhere
  TESSERA_TRY_VOID(keep_rows_apart(context, x.view[dim], "takes a softmax over"));
  if (atoms.size() != 1 || atoms[0].repeat || atoms[0].axis == Axis::h) {
    return context.unsupported(
        fmt::format("runs along dimension {} of a tensor laid out as {}", dim, to_string(x.view)),
        "softmax runs over sources, over the channels of a source, or over time");
  }
  const Atom& atom = atoms[0];
  if (atom.axis == Axis::w) {
    op.over = SoftmaxOver::time;
    if (!is_whole(x.view[dim], shape, Axis::w)) return context.unsupported("cuts the time axis");
  } else if (atom.stride == 1) {
    op.over = SoftmaxOver::channel;
    op.sources = shape.c / atom.size;
  } else if (atom.stride * atom.size == shape.c) {
    op.over = SoftmaxOver::source;
    op.sources = atom.size;
  } else {
    return context.unsupported("runs over a middle factor of the channels");
  }
  return context.elementwise(op, x);
}

Result<Values> read_softmax(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  if (!x.is_tensor()) return context.unsupported("is applied to a constant");
  const bool flat = context.opset() < 13;  // older opsets flatten everything from the axis on
  TESSERA_TRY(size_t dim, context.axis(context.integer("axis", flat ? 1 : -1), x.rank()));
  if (flat) {
    std::optional<size_t> only;
    for (size_t i = dim; i < x.rank(); ++i) {
      if (x.view[i].size() == 1) continue;
      if (only) return context.unsupported("runs over several dimensions at once");
      only = i;
    }
    dim = only.value_or(dim);
  }
  TESSERA_TRY(Value y, softmax(context, x, dim));
  if (context.op_type() == "LogSoftmax") {
    TESSERA_TRY(y, unary(context, UnaryKind::log, y));
  }
  return Values{std::move(y)};
}

}  // namespace

std::span<const OpEntry> reduce_ops() {
  static constexpr OpEntry kOps[] = {
      {"ReduceSum", read_reduce},
      {"ReduceMean", read_reduce},
      {"ReduceMax", read_reduce},
      {"ReduceMin", read_reduce},
      {"ReduceProd", read_reduce, "of constants"},
      {"ReduceL1", read_reduce},
      {"ReduceSumSquare", read_reduce},
      {"ReduceL2", read_reduce},
      {"CumSum", read_cumulative_sum, "along time, forward, the element itself included"},
      {"Softmax", read_softmax, "over channels, sources or time"},
      {"LogSoftmax", read_softmax, "over channels, sources or time"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
