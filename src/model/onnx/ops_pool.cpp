// MaxPool, AveragePool, GlobalAveragePool, GlobalMaxPool.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "model/onnx/batch_rows.h"
#include "model/onnx/op_context.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

Result<Value> pool(OpContext& context, const Value& x, PoolKind kind) {
  if (x.view[0].real()) {
    return for_each_index(context, x, 0,
                          [&](const Value& part) { return pool(context, part, kind); });
  }
  const size_t n = x.rank() - 2;
  const auto list = [&](const char* name, int64_t fallback, size_t count) {
    std::vector<int64_t> values = context.integers(name);
    if (values.empty()) values.assign(count, fallback);
    values.resize(count, fallback);
    return values;
  };
  const auto kernel = list("kernel_shape", 1, n);
  const auto strides = list("strides", 1, n);
  const auto pads = list("pads", 0, 2 * n);
  const auto dilations = list("dilations", 1, n);
  if (std::any_of(dilations.begin(), dilations.end(), [](int64_t d) { return d != 1; }) ||
      context.integer("ceil_mode", 0) != 0 || context.text("auto_pad", "NOTSET") != "NOTSET") {
    return context.unsupported("pools with dilation, ceil_mode or auto_pad",
                               "export with explicit pads and ceil_mode=False");
  }
  const Shape& shape = context.shape(x.node);
  if (!is_whole(x.view[1], shape, Axis::c))
    return context.unsupported("its second dimension is not all channels");
  Pool op;
  op.kind = kind;
  op.count_padding = kind == PoolKind::average && context.integer("count_include_pad", 0) != 0;
  View view = x.view;
  std::vector<Axis> axes(n, Axis::w);
  for (size_t i = 0; i < n; ++i) {
    TESSERA_TRY_VOID(keep_rows_apart(context, x.view[i + 2], "pools over"));
    const std::optional<Axis> axis = whole_axis(x.view[i + 2], shape);
    if (axis) {
      axes[i] = *axis;
    } else if (!x.view[i + 2].atoms.empty()) {
      return context.unsupported("pools over part of an axis");
    } else {
      axes[i] = i + 1 == n && (n == 1 || axes[0] != Axis::w) ? Axis::w : Axis::h;
      const auto& other = x.view[n == 2 ? 3 - i : 2].atoms;
      if (n == 2 && !other.empty()) axes[i] = other[0].axis == Axis::w ? Axis::h : Axis::w;
    }
    if (axes[i] == Axis::h) {
      op.kernel.h = kernel[i];
      op.stride.h = strides[i];
      op.padding.top = pads[i];
      op.padding.bottom = pads[i + n];
    } else if (axes[i] == Axis::w) {
      op.kernel.w = kernel[i];
      op.stride.w = strides[i];
      op.padding.left = pads[i];
      op.padding.right = pads[i + n];
    } else {
      return context.unsupported("pools over channels");
    }
  }
  TESSERA_TRY(const NodeId node, context.add(op, {x.node}));
  for (size_t i = 0; i < n; ++i) view[i + 2] = whole(context.shape(node), axes[i]);
  return Value::of(node, std::move(view));
}

Result<Values> read_pool(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  if (!x.is_tensor() || x.rank() < 3 || x.rank() > 4)
    return context.unsupported("pools a tensor that is not of rank 3 or 4");
  if (context.output_count() > 1) return context.unsupported("also asks for indices");
  TESSERA_TRY(Value y,
              pool(context, x, context.op_type() == "MaxPool" ? PoolKind::max : PoolKind::average));
  return Values{std::move(y)};
}

Result<Values> read_global_pool(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  if (!x.is_tensor() || x.rank() < 3) return context.unsupported("pools a tensor of rank below 3");
  const ReduceKind kind = context.op_type() == "GlobalMaxPool" ? ReduceKind::max : ReduceKind::mean;
  Reduce op{kind, false, false, false};
  View view = x.view;
  for (size_t i = 2; i < x.rank(); ++i) {
    TESSERA_TRY_VOID(keep_rows_apart(context, x.view[i], "pools over"));
    if (x.view[i].on(Axis::c) || !(x.view[i].real() || x.view[i].atoms.empty()))
      return context.unsupported("pools over channels");
    op.over_h = op.over_h || x.view[i].on(Axis::h);
    op.over_w = op.over_w || x.view[i].on(Axis::w);
    view[i].hint = op.over_w && x.view[i].on(Axis::w) ? Axis::w : Axis::h;
    view[i].atoms.clear();
  }
  if (!op.over_h && !op.over_w) return Values{x};
  TESSERA_TRY(const NodeId node, context.add(op, {x.node}));
  return Values{Value::of(node, std::move(view))};
}

}  // namespace

std::span<const OpEntry> pool_ops() {
  static constexpr OpEntry kOps[] = {
      {"MaxPool", read_pool, "explicit pads, no dilation, no ceil_mode"},
      {"AveragePool", read_pool, "explicit pads, no dilation, no ceil_mode"},
      {"GlobalAveragePool", read_global_pool},
      {"GlobalMaxPool", read_global_pool},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
