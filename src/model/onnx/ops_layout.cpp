// Reshape, Transpose, Squeeze, Unsqueeze, Flatten, Expand, Tile, Cast, Identity: on graph values
// these change the view only.
#include <algorithm>

#include <fmt/format.h>

#include "model/onnx/op_context.h"
#include "model/onnx/overlap_add.h"
#include "model/onnx/proto.h"
#include "model/onnx/tensor_data.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

// Whether a value is the outcome of an overlap-add, element by element changed at most: its samples
// count time even where they lie along the channels (subframes).
bool sums_frames(const Graph& graph, NodeId node) {
  constexpr int kMaxSteps = 8;
  for (int i = 0; i < kMaxSteps; ++i) {
    if (graph.get_if<ConvTranspose>(node)) return true;
    const bool elementwise = graph.get_if<Affine>(node) || graph.get_if<Unary>(node) ||
                             graph.get_if<Add>(node) || graph.get_if<Mul>(node) ||
                             graph.get_if<Binary>(node) || graph.get_if<Pad>(node);
    if (!elementwise) return false;
    node = graph.node(node).inputs[0];
  }
  return false;
}

Result<Values> with_dims(OpContext& context, const Value& x, Dims dims) {
  if (x.is_constant()) return Values{Value::of(x.constant().reshaped(std::move(dims)))};
  std::optional<View> view = reshaped(x.view, dims);
  if (!view) {
    return context.unsupported(
        fmt::format("reshapes {} to {}, which cuts an axis where it has no factor",
                    to_string(x.view), dims_to_string(dims)),
        "Tessera keeps [channels, devices, time] apart");
  }
  Value y = Value::of(x.node, std::move(*view));
  if (!sums_frames(context.graph(), y.node)) return Values{std::move(y)};
  for (size_t i = 0; i < y.rank(); ++i) {
    TESSERA_TRY(std::optional<Value> in_time, interleaved(context, y, i));
    if (in_time) y = std::move(*in_time);
  }
  return Values{std::move(y)};
}

// ONNX's rules for 0 and -1 in a target shape.
Result<Dims> resolve_target(OpContext& context, const Dims& source, std::vector<int64_t> target,
                            bool allow_zero) {
  const auto mismatch = [&] {
    return context.invalid(
        fmt::format("cannot give {} the shape {}", dims_to_string(source), dims_to_string(target)),
        "if the model was exported for one fixed length, import it with that length");
  };
  std::optional<size_t> open;
  int64_t known = 1;
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i] == 0 && !allow_zero) {
      if (i >= source.size()) return mismatch();
      target[i] = source[i];
    }
    if (target[i] == -1) {
      if (open) return mismatch();
      open = i;
      continue;
    }
    if (target[i] < 0 || (target[i] > 0 && known > (int64_t{1} << 44) / target[i]))
      return mismatch();
    known *= target[i];
  }
  int64_t count = 1;
  for (int64_t d : source) count *= d;
  if (open) {
    if (known == 0 || count % known != 0) return mismatch();
    target[*open] = count / known;
  } else if (known != count) {
    return mismatch();
  }
  return Dims(target.begin(), target.end());
}

Result<Values> read_reshape(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  TESSERA_TRY(std::vector<int64_t> target, context.integers_from("shape", 1, "shape"));
  TESSERA_TRY(Dims dims, resolve_target(context, x.dims(), std::move(target),
                                        context.integer("allowzero", 0) != 0));
  return with_dims(context, x, std::move(dims));
}

Result<Values> read_flatten(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  const Dims dims = x.dims();
  const int64_t wanted = context.integer("axis", 1);
  size_t axis = dims.size();
  if (wanted != static_cast<int64_t>(dims.size())) {
    TESSERA_TRY(axis, context.axis(wanted, dims.size()));
  }
  int64_t before = 1;
  int64_t after = 1;
  for (size_t i = 0; i < dims.size(); ++i) (i < axis ? before : after) *= dims[i];
  return with_dims(context, x, {before, after});
}

Result<Values> read_transpose(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  std::vector<int64_t> perm = context.integers("perm");
  const size_t rank = x.rank();
  if (!context.has_attribute("perm")) {
    for (size_t i = rank; i-- > 0;) perm.push_back(static_cast<int64_t>(i));
  }
  std::vector<bool> seen(rank, false);
  bool valid = perm.size() == rank;
  for (int64_t p : perm) {
    valid = valid && p >= 0 && p < static_cast<int64_t>(rank) && !seen[static_cast<size_t>(p)];
    if (valid) seen[static_cast<size_t>(p)] = true;
  }
  if (!valid) {
    return context.invalid(
        fmt::format("perm {} does not order {} dimensions", dims_to_string(perm), rank));
  }
  if (x.is_constant()) {
    TESSERA_TRY(Value y, context.folded(transpose(x.constant(), perm)));
    return Values{std::move(y)};
  }
  View view;
  for (int64_t p : perm) view.push_back(x.view[static_cast<size_t>(p)]);
  return Values{Value::of(x.node, std::move(view))};
}

// Axes sorted and unique among `rank` dims.
Result<std::vector<size_t>> axes_of(OpContext& context, std::span<const int64_t> axes,
                                    size_t rank) {
  std::vector<size_t> result;
  for (int64_t a : axes) {
    TESSERA_TRY(const size_t axis, context.axis(a, rank));
    result.push_back(axis);
  }
  std::sort(result.begin(), result.end());
  if (std::adjacent_find(result.begin(), result.end()) != result.end())
    return context.invalid("names an axis twice");
  return result;
}

Result<Values> read_unsqueeze(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  TESSERA_TRY(const std::vector<int64_t> given, context.integers_from("axes", 1, "axes"));
  TESSERA_TRY(const std::vector<size_t> axes, axes_of(context, given, x.rank() + given.size()));
  if (x.is_constant()) {
    Dims dims = x.constant().dims();
    for (size_t axis : axes) dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), 1);
    return Values{Value::of(x.constant().reshaped(std::move(dims)))};
  }
  View view = x.view;
  for (size_t axis : axes) view.insert(view.begin() + static_cast<std::ptrdiff_t>(axis), ViewDim{});
  return Values{Value::of(x.node, std::move(view))};
}

Result<Values> read_squeeze(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  TESSERA_TRY(const std::vector<int64_t> given, context.integers_from("axes", 1, "axes"));
  TESSERA_TRY(std::vector<size_t> axes, axes_of(context, given, x.rank()));
  const Dims dims = x.dims();
  const bool all = !context.has_attribute("axes") && !context.has_input(1);
  for (size_t i = 0; all && i < dims.size(); ++i) {
    if (dims[i] == 1) axes.push_back(i);
  }
  Dims kept;
  View view;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), i)) {
      kept.push_back(dims[i]);
      if (x.is_tensor()) view.push_back(x.view[i]);
    } else if (dims[i] != 1) {
      return context.invalid(
          fmt::format("squeezes axis {} of {}, which is not 1", i, dims_to_string(dims)));
    }
  }
  if (x.is_constant()) return Values{Value::of(x.constant().reshaped(std::move(kept)))};
  return Values{Value::of(x.node, std::move(view))};
}

Result<Values> repeated(OpContext& context, Value x, const Dims& dims) {
  TESSERA_TRY(const int64_t count, element_count(dims));
  if (count < 1) return context.unsupported("expands to nothing");
  x = with_rank(std::move(x), dims.size());
  for (size_t i = 0; i < dims.size(); ++i) {
    if (x.view[i].atoms.empty() && dims[i] > 1)
      x.view[i].atoms.push_back({true, Axis::c, dims[i], 0});
  }
  return Values{std::move(x)};
}

Result<Values> read_expand(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  TESSERA_TRY(const std::vector<int64_t> target, context.integers_from("shape", 1, "shape"));
  const Dims own = x.dims();
  Result<Dims> dims = broadcast_dims(own, target);
  if (!dims) return context.located(std::move(dims).error());
  if (x.is_constant()) {
    TESSERA_TRY(Value y, context.folded(expand(x.constant(), *dims)));
    return Values{std::move(y)};
  }
  return repeated(context, std::move(x), *dims);
}

Result<Values> read_tile(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  TESSERA_TRY(const std::vector<int64_t> repeats, context.integers_from("repeats", 1, "repeats"));
  Dims dims = x.dims();
  if (repeats.size() != dims.size()) return context.invalid("repeats and dimensions differ");
  if (x.is_constant()) {
    ConstArray y = x.constant();
    for (size_t i = 0; i < dims.size(); ++i) {
      if (repeats[i] < 1 || repeats[i] > (int64_t{1} << 20))
        return context.invalid(fmt::format("repeats axis {} {} times", i, repeats[i]));
      const std::vector<ConstArray> copies(static_cast<size_t>(repeats[i]), y);
      TESSERA_TRY(const Value folded, context.folded(concat(copies, i)));
      y = folded.constant();
    }
    return Values{Value::of(std::move(y))};
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    if (repeats[i] == 1) continue;
    if (dims[i] == 1 && repeats[i] > 1) {
      dims[i] = repeats[i];
      continue;
    }
    if (repeats[i] < 1 || repeats[i] > 64) {
      return context.unsupported(fmt::format("repeats axis {} {} times", i, repeats[i]));
    }
    TESSERA_TRY(x,
                concat_values(context, std::vector<Value>(static_cast<size_t>(repeats[i]), x), i));
    dims[i] *= repeats[i];
  }
  return repeated(context, std::move(x), dims);
}

// One number kind as another. Only an empty splat comes here as a splat.
ConstArray converted(const ConstArray& array, const TensorType& type) {
  if (type.kind == ElementKind::real) {
    std::vector<float> values;
    for (int64_t i = 0; i < array.size(); ++i)
      values.push_back(static_cast<float>(array.real_at(i)));
    return ConstArray::reals(array.dims(), std::move(values));
  }
  std::vector<int64_t> values;
  for (int64_t i = 0; i < array.size(); ++i) {
    values.push_back(type.kind == ElementKind::boolean ? (array.real_at(i) != 0 ? 1 : 0)
                                                       : array.integer_at(i));
  }
  return type.kind == ElementKind::boolean ? ConstArray::booleans(array.dims(), std::move(values))
                                           : ConstArray::integers(array.dims(), std::move(values));
}

Result<Values> read_cast(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  const auto to = static_cast<int>(context.integer("to", onnx::TensorProto::FLOAT));
  const std::optional<TensorType> type = tensor_type(to);
  if (!type) {
    return context.unsupported(fmt::format("converts to {}", data_type_name(to)),
                               "export the network in float32");
  }
  if (!x.is_constant()) {
    if (type->kind == ElementKind::real) return Values{x};
    return context.unsupported(
        fmt::format("converts what the network computes to {}", data_type_name(to)),
        "Tessera computes in float32");
  }
  const ConstArray& array = x.constant();
  if (array.kind() == type->kind) {
    ConstArray y = array;
    y.set_element_type(type->code);
    return Values{Value::of(std::move(y))};
  }
  if (array.is_splat() && array.size() > 0) {
    double value = array.real_at(0);
    if (type->kind == ElementKind::boolean) value = value != 0 ? 1 : 0;
    if (type->kind == ElementKind::integer) value = static_cast<double>(array.integer_at(0));
    return Values{Value::of(ConstArray::splat(array.dims(), type->kind, value))};
  }
  const ConstArray row = array.is_splat() ? array : array.stored();
  TESSERA_TRY(const Value y, context.folded(converted(row, *type)));
  if (array.is_splat()) return Values{y};
  ConstArray all = array.with_stored(y.constant());
  all.set_element_type(type->code);
  return Values{Value::of(std::move(all))};
}

Result<Values> read_cast_like(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  TESSERA_TRY(const Value like, context.required(1));
  if (x.is_tensor()) return Values{x};
  if (!like.is_constant() || like.constant().is_real()) {
    const ConstArray& array = x.constant();
    if (array.is_real()) return Values{x};
    const TensorType type{0, ElementKind::real, 32};
    if (array.is_splat() && array.size() > 0)
      return Values{Value::of(ConstArray::splat(array.dims(), type.kind, array.real_at(0)))};
    if (array.size() == 0) return Values{Value::of(converted(array, type))};
    return Values{Value::of(array.with_stored(converted(array.stored(), type)))};
  }
  return Values{x};
}

Result<Values> read_identity(OpContext& context) {
  if (context.input(0).predicate) return Values{context.input(0)};
  TESSERA_TRY(Value x, context.required(0));
  return Values{std::move(x)};
}

Result<Values> read_shape(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  const Dims dims = x.dims();
  const auto rank = static_cast<int64_t>(dims.size());
  const auto bound = [rank](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const int64_t begin = bound(context.integer("start", 0));
  const int64_t end = std::max(begin, bound(context.integer("end", rank)));
  std::vector<int64_t> values(dims.begin() + begin, dims.begin() + end);
  const auto count = static_cast<int64_t>(values.size());
  return Values{Value::of(ConstArray::integers({count}, std::move(values)))};
}

Result<Values> read_size(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  int64_t count = 1;
  for (int64_t d : x.dims()) count *= d;
  return Values{Value::of(ConstArray::scalar(count))};
}

}  // namespace

std::span<const OpEntry> layout_ops() {
  static constexpr OpEntry kOps[] = {
      {"Reshape", read_reshape, "dimensions split and joined at factors of an axis"},
      {"Flatten", read_flatten, "dimensions split and joined at factors of an axis"},
      {"Transpose", read_transpose},
      {"Unsqueeze", read_unsqueeze},
      {"Squeeze", read_squeeze},
      {"Expand", read_expand,
       "values repeated along time or a new dimension, or each frame several times; constants that "
       "repeat are held once"},
      {"Tile", read_tile,
       "values repeated along time or a new dimension, or each frame several times; constants that "
       "repeat are held once"},
      {"Cast", read_cast, "between floats; constants also to integers and booleans"},
      {"CastLike", read_cast_like, "between floats; constants also to integers and booleans"},
      {"Identity", read_identity},
      {"Shape", read_shape},
      {"Size", read_size},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
