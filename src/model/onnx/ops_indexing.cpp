// Slice, Gather, Split, Concat, Pad.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "model/onnx/fold.h"
#include "model/onnx/frames.h"
#include "model/onnx/op_context.h"
#include "model/onnx/overlap_add.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

struct Range {
  int64_t begin = 0;
  int64_t count = 0;
  int64_t step = 1;
};

// Bounds as NumPy clamps them.
Range clamp_range(int64_t size, int64_t begin, int64_t end, int64_t step) {
  const auto wrap = [size](int64_t at) { return at < 0 ? std::max(at, -size - 1) + size : at; };
  Range range;
  range.step = step;
  if (step > 0) {
    range.begin = std::clamp<int64_t>(wrap(begin), 0, size);
    end = std::clamp<int64_t>(wrap(end), 0, size);
    range.count = end > range.begin ? (end - range.begin - 1) / step + 1 : 0;
  } else {
    range.begin = std::clamp<int64_t>(wrap(begin), -1, size - 1);
    end = std::clamp<int64_t>(wrap(end), -1, size - 1);
    step = std::max(step, -size - 1);
    range.step = step;
    range.count = range.begin > end ? (range.begin - end - 1) / -step + 1 : 0;
  }
  if (range.count <= 1) range.step = 1;
  return range;
}

Result<Value> sliced(OpContext& context, const Value& x, size_t axis, const Range& range) {
  if (x.is_constant())
    return context.folded(slice(x.constant(), axis, range.begin, range.count, range.step));
  if (range.step < 0 && range.count > 1) {
    return context.unsupported("reverses a tensor", "Tessera runs time forward only");
  }
  return slice_value(context, x, axis, range.begin, range.count, range.step);
}

Result<Values> read_slice(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  TESSERA_TRY(const auto starts, context.integers_from("starts", 1, "starts"));
  TESSERA_TRY(const auto ends, context.integers_from("ends", 2, "ends"));
  TESSERA_TRY(auto axes, context.integers_from("axes", 3, "axes"));
  TESSERA_TRY(auto steps, context.integers_from("steps", 4, "steps"));
  for (size_t i = axes.size(); axes.size() < starts.size(); ++i)
    axes.push_back(static_cast<int64_t>(i));
  steps.resize(std::max(steps.size(), starts.size()), 1);
  if (starts.size() != ends.size() || axes.size() != starts.size())
    return context.invalid("its starts, ends and axes differ in number");
  for (size_t i = 0; i < starts.size(); ++i) {
    TESSERA_TRY(const size_t axis, context.axis(axes[i], x.rank()));
    if (steps[i] == 0) return context.invalid("steps by 0");
    const Range range = clamp_range(x.dims()[axis], starts[i], ends[i], steps[i]);
    TESSERA_TRY(x, sliced(context, x, axis, range));
  }
  return Values{std::move(x)};
}

Value without_dim(Value x, size_t axis) {
  if (x.is_constant()) {
    Dims dims = x.constant().dims();
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
    return Value::of(x.constant().reshaped(std::move(dims)));
  }
  x.view.erase(x.view.begin() + static_cast<std::ptrdiff_t>(axis));
  return x;
}

// Indices that never go back, as resizing to the nearest frame has them.
bool goes_forward(const ConstArray& indices) {
  if (indices.size() > kMaxFoldedElements || indices.size() < 1 || indices.integer_at(0) < 0)
    return false;
  for (int64_t i = 1; i < indices.size(); ++i) {
    if (indices.integer_at(i) < indices.integer_at(i - 1)) return false;
  }
  return true;
}

Result<Values> read_gather(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  TESSERA_TRY(const ConstArray indices, context.required_constant(1, "index"));
  TESSERA_TRY(const size_t axis, context.axis(context.integer("axis", 0), x.rank()));
  if (x.is_constant()) {
    TESSERA_TRY(Value y, context.folded(take(x.constant(), axis, indices)));
    return Values{std::move(y)};
  }
  const int64_t size = x.dims()[axis];
  const bool forward = indices.rank() == 1 && goes_forward(indices);
  if (indices.rank() > 1 || indices.size() < 1 || (indices.size() > 4096 && !forward))
    return context.unsupported("gathers by a table of indices");
  std::vector<int64_t> list = indices.integer_list();
  for (int64_t& i : list) {
    if (i < 0) i += size;
    if (i < 0 || i >= size)
      return context.invalid(fmt::format("index {} is outside {} elements", i, size));
  }
  const int64_t step = list.size() > 1 ? list[1] - list[0] : 1;
  bool regular = step > 0;
  for (size_t i = 1; i < list.size(); ++i) regular = regular && list[i] - list[i - 1] == step;
  if (regular) {
    TESSERA_TRY(Value y,
                slice_value(context, x, axis, list[0], static_cast<int64_t>(list.size()), step));
    if (indices.rank() == 0) y = without_dim(std::move(y), axis);
    return Values{std::move(y)};
  }
  if (forward && x.view[axis].real()) {  // resizing to the nearest frame
    Result<Value> taken = take_frames(context, x, axis, list);
    if (taken) return Values{std::move(*taken)};
    if (list.size() > 4096) return std::move(taken).error();
  }
  std::vector<Value> parts;
  for (int64_t i : list) {
    TESSERA_TRY(Value part, slice_value(context, x, axis, i, 1, 1));
    parts.push_back(std::move(part));
  }
  TESSERA_TRY(Value y, concat_values(context, std::move(parts), axis));
  return Values{std::move(y)};
}

Result<Values> read_split(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  TESSERA_TRY(const size_t axis, context.axis(context.integer("axis", 0), x.rank()));
  TESSERA_TRY(std::vector<int64_t> sizes, context.integers_from("split", 1, "split"));
  const int64_t size = x.dims()[axis];
  if (sizes.empty()) {
    const auto parts = static_cast<int64_t>(context.output_count());
    if (parts == 0) return context.invalid("has no output");
    const int64_t each = (size + parts - 1) / parts;
    for (int64_t at = 0; at < size; at += each) sizes.push_back(std::min(each, size - at));
  }
  Values parts;
  int64_t at = 0;
  for (int64_t count : sizes) {
    if (count < 0 || count > size - at)
      return context.invalid(
          fmt::format("splits {} elements into {}", size, dims_to_string(sizes)));
    TESSERA_TRY(Value part, sliced(context, x, axis, {at, count, 1}));
    parts.push_back(std::move(part));
    at += count;
  }
  if (at != size || parts.size() < context.output_count())
    return context.invalid(fmt::format("splits {} elements into {}", size, dims_to_string(sizes)));
  return parts;
}

Result<Value> padded(OpContext& context, const Value& x, size_t dim, int64_t before, int64_t after,
                     PadMode mode) {
  if (before == 0 && after == 0) return x;
  if (before < 0 || after < 0) {
    const int64_t size = x.view[dim].size();
    const int64_t cut_front = std::max<int64_t>(-before, 0);
    const int64_t cut_back = std::max<int64_t>(-after, 0);
    if (cut_front > size || cut_back > size || cut_front + cut_back >= size)
      return context.invalid(fmt::format("crops {} and {} of {} elements", -before, -after, size));
    TESSERA_TRY(const Value cropped,
                slice_value(context, x, dim, cut_front, size - cut_front - cut_back, 1));
    return padded(context, cropped, dim, std::max<int64_t>(before, 0), std::max<int64_t>(after, 0),
                  mode);
  }
  TESSERA_TRY(const std::optional<Value> in_time, interleaved(context, x, dim));
  if (in_time) return padded(context, *in_time, dim, before, after, mode);
  const std::optional<Axis> axis = frame_axis(context, x, dim);
  Pad op;
  op.mode = mode;
  if (axis == Axis::w) {
    op.padding.left = before;
    op.padding.right = after;
  } else if (axis == Axis::h) {
    op.padding.top = before;
    op.padding.bottom = after;
  } else {
    return context.unsupported("pads something else than time or devices");
  }
  TESSERA_TRY(const NodeId node, context.add(op, {x.node}));
  Value y = Value::of(node, x.view);
  y.view[dim] = whole(context.shape(node), *axis);
  return y;
}

bool all_zero(const Value& x) {
  double value = 1;
  return x.is_constant() && x.constant().uniform(value) && value == 0;
}

// Zeros before or after a tensor along time.
Result<std::optional<Value>> joined_with_zeros(OpContext& context, const std::vector<Value>& parts,
                                               size_t dim) {
  const Value* tensor = nullptr;
  int64_t before = 0;
  int64_t after = 0;
  for (const Value& part : parts) {
    if (part.is_tensor()) {
      if (tensor) return std::optional<Value>();
      tensor = &part;
    } else if (all_zero(part)) {
      (tensor ? after : before) += part.dims()[dim];
    } else {
      return std::optional<Value>();
    }
  }
  const std::optional<Axis> axis = whole_axis(tensor->view[dim], context.shape(tensor->node));
  if (!axis || *axis == Axis::c) return std::optional<Value>();
  TESSERA_TRY(Value y, padded(context, *tensor, dim, before, after, PadMode::zero));
  return std::optional(std::move(y));
}

int64_t& axis_size(Shape& shape, Axis axis) {
  return axis == Axis::c ? shape.c : axis == Axis::h ? shape.h : shape.w;
}

// The axis that values of other sizes are joined along: the one that the dim covers. A dim of size
// 1 may stand for any axis of one element.
std::optional<Axis> joined_axis(const ViewDim& dim, const Shape& shape) {
  if (!dim.atoms.empty()) return whole_axis(dim, shape);
  if (dim.hint && extent(shape, *dim.hint) == 1) return dim.hint;
  return std::nullopt;
}

Result<Values> read_concat(OpContext& context) {
  std::vector<Value> parts;
  bool constant = true;
  for (size_t i = 0; i < context.input_count(); ++i) {
    TESSERA_TRY(Value part, context.required(i));
    if (part.rank() > 0 && part.dims() != Dims{} && part.is_constant() &&
        part.constant().size() == 0 && i > 0) {
      continue;  // nothing to join
    }
    constant = constant && part.is_constant();
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return context.invalid("joins nothing");
  const size_t rank = parts[0].rank();
  TESSERA_TRY(const size_t axis, context.axis(context.integer("axis", 0), rank));
  for (const Value& part : parts) {
    if (part.rank() != rank) return context.invalid("joins tensors of different rank");
  }
  if (constant) {
    std::vector<ConstArray> arrays;
    for (const Value& part : parts) arrays.push_back(part.constant());
    TESSERA_TRY(Value y, context.folded(concat(arrays, axis)));
    return Values{std::move(y)};
  }
  for (Value& part : parts) {
    if (!part.is_tensor()) continue;
    TESSERA_TRY(std::optional<Value> in_time, interleaved(context, part, axis));
    if (in_time) part = std::move(*in_time);
  }
  const auto has_values = [](const Value& v) { return v.is_tensor() || v.constant().size() > 0; };
  parts.erase(std::stable_partition(parts.begin(), parts.end(), has_values), parts.end());
  TESSERA_TRY(std::optional<Value> with_zeros, joined_with_zeros(context, parts, axis));
  if (with_zeros) return Values{std::move(*with_zeros)};
  const Value& model =
      *std::find_if(parts.begin(), parts.end(), [](const Value& v) { return v.is_tensor(); });
  const View like = model.view;
  const Shape shape = context.shape(model.node);
  for (Value& part : parts) {
    if (!part.is_constant()) continue;
    Dims full = dims_of(like);
    full[axis] = part.dims()[axis];
    if (part.dims() != full) return context.invalid("joins tensors of different shapes");
    Shape other = shape;
    View view = like;
    if (full[axis] != like[axis].size()) {
      const std::optional<Axis> along = joined_axis(like[axis], shape);
      if (!along || like[axis].has_batch())
        return context.unsupported("joins a constant of another size to a tensor");
      axis_size(other, *along) = full[axis];
      view[axis] = whole(other, *along);
      view[axis].hint = along;
    }
    TESSERA_TRY(part, constant_value(context, part.constant(), view, other));
    for (size_t i = 0; i < like.size(); ++i) {
      if (like[i].has_batch()) part.view[i] = like[i];  // its one row, in every row
    }
  }
  TESSERA_TRY(Value y, concat_values(context, std::move(parts), axis));
  return Values{std::move(y)};
}

Result<Values> read_pad(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  TESSERA_TRY(
      const std::vector<int64_t> pads,
      context.integers_from(context.has_attribute("paddings") ? "paddings" : "pads", 1, "pads"));
  const std::string mode = context.text("mode", "constant");
  double value = context.real("value", 0);
  if (context.has_input(2)) {
    TESSERA_TRY(const ConstArray given, context.required_constant(2, "value"));
    if (given.size() == 1) value = given.real_at(0);
  }
  std::vector<int64_t> axes;
  if (context.has_input(3)) {
    TESSERA_TRY(axes, context.integers_from("", 3, "axes"));
  } else {
    for (size_t i = 0; i < x.rank(); ++i) axes.push_back(static_cast<int64_t>(i));
  }
  if (pads.size() != 2 * axes.size())
    return context.invalid(fmt::format("has {} pads for {} axes", pads.size(), axes.size()));
  if (x.is_constant()) {
    if (mode != "constant")
      return context.unsupported(fmt::format("pads a constant in mode '{}'", mode));
    Dims before(x.rank(), 0);
    Dims after(x.rank(), 0);
    for (size_t i = 0; i < axes.size(); ++i) {
      TESSERA_TRY(const size_t axis, context.axis(axes[i], x.rank()));
      before[axis] = pads[i];
      after[axis] = pads[i + axes.size()];
    }
    TESSERA_TRY(Value y, context.folded(fold_pad(x.constant(), before, after, value)));
    return Values{std::move(y)};
  }
  const bool any = std::any_of(pads.begin(), pads.end(), [](int64_t p) { return p > 0; });
  PadMode kind = PadMode::zero;
  if (mode == "reflect") kind = PadMode::reflect;
  if (mode == "edge") kind = PadMode::edge;
  const bool wraps = mode == "wrap";
  if (any && mode != "constant" && kind == PadMode::zero && !wraps)
    return context.unsupported(fmt::format("pads in mode '{}'", mode));
  if (any && mode == "constant" && value != 0)
    return context.unsupported(fmt::format("pads with {}, not with zeros", value));
  for (size_t i = 0; i < axes.size(); ++i) {
    TESSERA_TRY(const size_t axis, context.axis(axes[i], x.rank()));
    constexpr int64_t kMost = int64_t{1} << 36;
    for (int64_t p : {pads[i], pads[i + axes.size()]}) {
      if (p < -kMost || p > kMost) return context.invalid("pads by an impossible amount");
    }
    const int64_t before = pads[i];
    const int64_t after = pads[i + axes.size()];
    if (wraps && (before > 0 || after > 0)) {
      TESSERA_TRY(x, padded(context, x, axis, std::min<int64_t>(before, 0),
                            std::min<int64_t>(after, 0), PadMode::zero));
      TESSERA_TRY(x, wrap_frames(context, x, axis, std::max<int64_t>(before, 0),
                                 std::max<int64_t>(after, 0)));
    } else {
      TESSERA_TRY(x, padded(context, x, axis, before, after, kind));
    }
  }
  return Values{std::move(x)};
}

}  // namespace

std::span<const OpEntry> indexing_ops() {
  static constexpr OpEntry kOps[] = {
      {"Slice", read_slice, "constant bounds, steps forward"},
      {"Gather", read_gather,
       "one row of constant indices: 4096 at most, or any number that repeats frames regularly"},
      {"Split", read_split, "constant sizes"},
      {"Concat", read_concat, "tensors and constants"},
      {"Pad", read_pad, "constant 0, reflect, edge; wrap (opset 19); a negative pad crops"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
