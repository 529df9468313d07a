// Slicing, joining and laying out values whose dims are factors of a graph value's axes.
#include "model/onnx/value_ops.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "model/onnx/batch_rows.h"
#include "model/onnx/frames.h"
#include "model/onnx/overlap_add.h"

namespace tessera::onnx_import {
namespace {

// Sources, groups, heads: what a split may iterate over.
constexpr int64_t kMaxParts = 64;

// The dim whose index counts blocks of the channels that `dim` runs inside of: sources, heads.
std::optional<size_t> outer_factor(const Value& x, size_t dim) {
  const Atom& inner = x.view[dim].atoms[0];
  for (size_t i = 0; i < x.view.size(); ++i) {
    const std::vector<Atom>& atoms = x.view[i].atoms;
    if (i == dim || inner.axis != Axis::c || atoms.size() != 1 || atoms[0].repeat) continue;
    if (atoms[0].axis == Axis::c && atoms[0].stride >= inner.stride * inner.size &&
        atoms[0].size <= kMaxParts)
      return i;
  }
  return std::nullopt;
}

Error mixes(const OpContext& context, const Value& x, std::string_view what) {
  return context.unsupported(
      fmt::format("{} of a tensor laid out as {} mixes axes", what, to_string(x.view)),
      "Tessera keeps [channels, devices, time] apart; see docs/onnx.md for layouts it follows");
}

}  // namespace

Value with_rank(Value x, size_t rank) {
  if (x.is_constant()) {
    Dims dims = x.constant().dims();
    if (dims.size() < rank) {
      dims.insert(dims.begin(), rank - dims.size(), 1);
      return Value::of(x.constant().reshaped(std::move(dims)));
    }
    return x;
  }
  if (x.view.size() < rank) x.view.insert(x.view.begin(), rank - x.view.size(), ViewDim{});
  return x;
}

Result<Value> slice_value(OpContext& context, const Value& x, size_t dim, int64_t begin,
                          int64_t count, int64_t step) {
  const ViewDim& along = x.view[dim];
  if (count == along.size() && begin == 0) return x;
  if (count == 1) step = 1;
  if (count < 1) return context.unsupported("leaves nothing of its input");
  Value y = x;
  if (!along.real()) {
    TESSERA_TRY_VOID(keep_rows_apart(context, along, "takes some of"));
    y.view[dim].atoms.clear();
    if (count > 1) y.view[dim].atoms.push_back({true, Axis::c, count, 0});
    return y;
  }
  if (along.atoms.size() > 1 && step > 0) {
    TESSERA_TRY(const std::optional<Value> in_time, interleaved(context, x, dim));
    if (in_time) return slice_value(context, *in_time, dim, begin, count, step);
  }
  if (along.atoms.size() != 1 || step < 1) return mixes(context, x, "this part");
  const Atom atom = along.atoms[0];
  const int64_t size = extent(context.shape(x.node), atom.axis);
  Slice slice;
  slice.axis = atom.axis;
  ViewDim& out = y.view[dim];
  out.atoms.clear();
  out.hint = atom.axis;
  if (atom.stride * atom.size == size && (step == 1 || atom.stride == 1)) {  // outermost, or whole
    slice.begin = begin * atom.stride;
    slice.end = (begin + (count - 1) * step + 1) * atom.stride;
    slice.step = step;
    if (count > 1) out.atoms.push_back({false, atom.axis, count, atom.stride});
  } else if (atom.stride == 1 && count == 1) {  // innermost: every atom.size-th element
    slice.begin = begin;
    slice.end = size;
    slice.step = atom.size;
    for (ViewDim& other : y.view) {
      for (Atom& a : other.atoms) {
        if (!a.repeat && a.axis == atom.axis) a.stride /= atom.size;
      }
    }
  } else {
    const std::optional<size_t> outer = outer_factor(x, dim);
    if (!outer) return mixes(context, x, "this part");
    return for_each_index(context, x, *outer, [&](const Value& part) {
      return slice_value(context, part, dim, begin, count, step);
    });
  }
  TESSERA_TRY(y.node, context.add(slice, {x.node}));
  return y;
}

namespace {

// The axis along which parts can be joined so that `dim` becomes that whole axis; nothing if none.
std::optional<Axis> join_axis(const OpContext& context, const std::vector<Value>& parts,
                              size_t dim) {
  for (const Value& part : parts) {
    const std::optional<Axis> axis = whole_axis(part.view[dim], context.shape(part.node));
    if (axis) return axis;
  }
  const Value& first = parts[0];
  const Shape& shape = context.shape(first.node);
  const std::optional<Axis> hint = first.view[dim].hint;
  if (hint && extent(shape, *hint) == 1) return hint;
  if (!hint && shape.w == 1 && shape.c > 1 && dim + 1 == first.view.size()) return Axis::w;
  if (shape.c == 1) return Axis::c;
  return std::nullopt;
}

bool can_join(const OpContext& context, const std::vector<Value>& parts, size_t dim, Axis axis) {
  return std::all_of(parts.begin(), parts.end(), [&](const Value& part) {
    return is_whole(part.view[dim], context.shape(part.node), axis);
  });
}

}  // namespace

Result<Value> concat_values(OpContext& context, std::vector<Value> parts, size_t dim) {
  if (parts.size() == 1) return parts[0];
  share_rows(parts, dim);
  const auto repeats = [](const ViewDim& d) { return !d.real() && !d.has_batch() && d.size() > 1; };
  for (size_t i = 0; i < parts[0].view.size(); ++i) {  // a dim that only some parts repeat
    if (i == dim || std::none_of(parts.begin(), parts.end(),
                                 [i](const Value& part) { return part.view[i].real(); }))
      continue;
    for (Value& part : parts) {
      if (!repeats(part.view[i])) continue;
      TESSERA_TRY(part, materialised(context, part));
    }
  }
  for (Value& part : parts) {
    for (size_t i = 0; i < part.view.size(); ++i) {
      if (i != dim && !(part.view[i] == parts[0].view[i])) {
        return context.unsupported(fmt::format("joins tensors laid out as {} and {}",
                                               to_string(parts[0].view), to_string(part.view)));
      }
    }
    TESSERA_TRY_VOID(keep_rows_apart(context, part.view[dim], "joins"));
    if (!part.view[dim].real() && part.view[dim].size() > 1) {
      TESSERA_TRY(part, materialised(context, part));
    }
  }
  std::vector<NodeId> nodes;
  for (const Value& part : parts) nodes.push_back(part.node);
  Value y = parts[0];
  const std::optional<Axis> axis = join_axis(context, parts, dim);
  if (axis && can_join(context, parts, dim, *axis)) {
    TESSERA_TRY(y.node, context.add(Concat{*axis}, nodes));
    y.view[dim] = whole(context.shape(y.node), *axis);
    return y;
  }
  // The dim becomes (or grows) the outermost factor of the channels.
  int64_t total = 0;
  int64_t inner = 0;
  for (const Value& part : parts) {
    const Shape& shape = context.shape(part.node);
    const std::vector<Atom>& atoms = part.view[dim].atoms;
    const int64_t size = part.view[dim].size();
    const bool outermost =
        atoms.empty() || (atoms.size() == 1 && !atoms[0].repeat && atoms[0].axis == Axis::c &&
                          atoms[0].stride * atoms[0].size == shape.c);
    if (!outermost || (inner != 0 && inner != shape.c / size))
      return mixes(context, part, "joining along this dimension");
    inner = shape.c / size;
    total += size;
  }
  TESSERA_TRY(y.node, context.add(Concat{Axis::c}, nodes));
  y.view[dim].atoms = {{false, Axis::c, total, inner}};
  y.view[dim].hint = Axis::c;
  return y;
}

namespace {

// The same values along an axis of the graph that has one element.
Result<Value> broadcast_along(OpContext& context, const Value& x, size_t dim, Axis axis) {
  const int64_t copies = x.view[dim].size();
  TESSERA_TRY_VOID(context.spend(copies));
  const Dims dims = axis == Axis::h ? Dims{1, copies, 1} : Dims{1, 1, copies};
  TESSERA_TRY(const NodeId ones, context.add(Constant{Tensor::full(dims, 1)}, {}));
  TESSERA_TRY(const NodeId node, context.add(Mul{}, {x.node, ones}));
  Value y = Value::of(node, x.view);
  y.view[dim] = whole(context.shape(node), axis);
  return y;
}

}  // namespace

Result<Value> materialised(OpContext& context, const Value& x) {
  Value y = x;
  for (size_t dim = 0; dim < y.view.size(); ++dim) {
    const std::vector<Atom> atoms = y.view[dim].atoms;
    const auto copies_values = [](const Atom& a) { return a.repeat && !a.batch; };
    if (std::none_of(atoms.begin(), atoms.end(), copies_values)) continue;
    if (y.view[dim].has_batch()) return mixes(context, y, "repeating part");
    const int64_t copies = y.view[dim].size();
    if (y.view[dim].real()) {  // every frame several times (repeat_interleave)
      if (atoms.size() != 2 || !atoms[1].repeat) return mixes(context, y, "repeating part");
      y.view[dim].atoms.pop_back();
      TESSERA_TRY(y, repeat_frames(context, y, dim, atoms[1].size));
      continue;
    }
    y.view[dim].atoms.clear();
    const Shape& shape = context.shape(y.node);
    const std::optional<Axis> hint = y.view[dim].hint;
    if (hint && *hint != Axis::c && extent(shape, *hint) == 1) {
      y.view[dim].atoms = atoms;
      TESSERA_TRY(y, broadcast_along(context, y, dim, *hint));
      continue;
    }
    if (copies > kMaxParts) return mixes(context, x, "repeating part");
    TESSERA_TRY(y, concat_values(context, std::vector<Value>(static_cast<size_t>(copies), y), dim));
  }
  return y;
}

Result<Value> for_each_index(OpContext& context, const Value& x, size_t dim, const PerIndex& body) {
  if (x.view[dim].has_batch()) {  // the one row that the graph computes; the others follow suit
    Value row = x;
    std::vector<Atom>& atoms = row.view[dim].atoms;
    const auto is_batch = [](const Atom& a) { return a.batch; };
    const auto first = std::find_if_not(atoms.begin(), atoms.end(), is_batch);
    const std::vector<Atom> outer(atoms.begin(), first);
    atoms.erase(atoms.begin(), first);
    const auto last = std::find_if(atoms.begin(), atoms.end(), is_batch);
    const std::vector<Atom> inner(last, atoms.end());
    atoms.erase(last, atoms.end());
    if (std::any_of(inner.begin(), inner.end(), std::not_fn(is_batch)))
      return mixes(context, x, "this part");
    TESSERA_TRY(Value y, for_each_index(context, row, dim, body));
    std::vector<Atom>& result = y.view[dim].atoms;
    result.insert(result.begin(), outer.begin(), outer.end());
    result.insert(result.end(), inner.begin(), inner.end());
    result = joined(result);
    return y;
  }
  const int64_t count = x.view[dim].size();
  if (count > kMaxParts) {
    return context.unsupported(
        fmt::format("works on {} parts one by one, at most {} are unrolled", count, kMaxParts));
  }
  std::vector<Value> parts;
  for (int64_t i = 0; i < count; ++i) {
    TESSERA_TRY(const Value part, slice_value(context, x, dim, i, 1, 1));
    TESSERA_TRY(Value result, body(part));
    parts.push_back(std::move(result));
  }
  return concat_values(context, std::move(parts), dim);
}

namespace {

// A view for a constant: that of `like` where the constant varies or shares an axis with such a
// dim, and a free axis where `like` has size 1.
struct Layout {
  View view;
  Shape shape;
};

Result<Layout> layout_for(const OpContext& context, const Dims& dims, const View& like,
                          const Shape& like_shape) {
  Layout layout;
  layout.view.resize(dims.size());
  layout.shape = {1, 1, 1};
  std::array<bool, 3> used{};
  std::array<bool, 3> varies{};
  for (const ViewDim& dim : like) {
    for (const Atom& a : dim.atoms) used[static_cast<size_t>(a.axis)] |= !a.repeat;
  }
  const auto set_extent = [&](Axis axis, int64_t size) {
    (axis == Axis::c ? layout.shape.c : axis == Axis::h ? layout.shape.h : layout.shape.w) = size;
    varies[static_cast<size_t>(axis)] = true;
  };
  for (size_t i = 0; i < dims.size(); ++i) {  // dims that `like` spans
    if (dims[i] == 1 || !like[i].real()) continue;
    layout.view[i] = like[i];
    for (const Atom& a : like[i].atoms) {
      if (a.repeat) return context.unsupported("repeats part of a dimension");
      set_extent(a.axis, extent(like_shape, a.axis));
    }
  }
  for (size_t i = 0; i < dims.size(); ++i) {  // dims that only the constant has
    if (dims[i] == 1 || like[i].real()) continue;
    std::optional<Axis> axis;
    if (like[i].hint && !used[static_cast<size_t>(*like[i].hint)]) axis = like[i].hint;
    for (Axis candidate : {Axis::c, Axis::w, Axis::h}) {
      if (!axis && !used[static_cast<size_t>(candidate)]) axis = candidate;
    }
    if (!axis) return context.unsupported("a constant adds a dimension that no axis is left for");
    used[static_cast<size_t>(*axis)] = true;
    set_extent(*axis, dims[i]);
    layout.view[i].atoms = {{false, *axis, dims[i], 1}};
    layout.view[i].hint = axis;
  }
  for (size_t i = 0; i < dims.size(); ++i) {  // the rest of axes that vary elsewhere
    if (dims[i] != 1) continue;
    layout.view[i].hint = like[i].hint;
    int64_t size = 1;
    for (const Atom& a : like[i].atoms) {
      if (a.repeat || !varies[static_cast<size_t>(a.axis)]) continue;
      layout.view[i].atoms.push_back(a);
      size *= a.size;
    }
    if (size != 1 && size != like[i].size())
      return context.unsupported("a constant varies over part of a joined dimension");
  }
  return layout;
}

}  // namespace

Result<LaidOut> lay_out(const OpContext& context, const ConstArray& given, const View& like,
                        const Shape& like_shape) {
  TESSERA_TRY(const ConstArray array, one_row(context, given, like));
  const Dims& dims = array.dims();
  TESSERA_TRY(Layout layout, layout_for(context, dims, like, like_shape));
  TESSERA_TRY(const int64_t count,
              element_count(std::array{layout.shape.c, layout.shape.h, layout.shape.w}));
  if (count > kMaxFoldedElements) {
    return TESSERA_ERROR(kResourceLimit, context.subject(), "a constant is too large", "");
  }
  const Dims array_strides = row_major_strides(dims);
  Dims walk_dims;
  Dims from;
  Dims to;
  for (size_t i = 0; i < dims.size(); ++i) {
    const std::vector<Atom>& atoms = layout.view[i].atoms;
    const Dims target = element_strides(layout.shape, atoms);
    int64_t minor = 1;
    Dims minors(atoms.size());
    for (size_t k = atoms.size(); k-- > 0;) {
      minors[k] = minor;
      minor *= atoms[k].size;
    }
    for (size_t k = 0; k < atoms.size(); ++k) {
      walk_dims.push_back(atoms[k].size);
      from.push_back(dims[i] == 1 ? 0 : array_strides[i] * minors[k]);
      to.push_back(target[k]);
    }
  }
  LaidOut result{layout.shape, std::vector<float>(static_cast<size_t>(count)), layout.view};
  for (IndexWalk walk(walk_dims, {from, to}); !walk.done(); walk.next())
    result.values[static_cast<size_t>(walk.offset(1))] =
        static_cast<float>(array.real_at(walk.offset(0)));
  return result;
}

Result<Value> constant_value(OpContext& context, const ConstArray& array, const View& like,
                             const Shape& like_shape) {
  TESSERA_TRY(LaidOut laid, lay_out(context, array, like, like_shape));
  Tensor value({laid.shape.c, laid.shape.h, laid.shape.w}, std::move(laid.values));
  TESSERA_TRY(const NodeId node, context.add(Constant{std::move(value)}, {}));
  return Value::of(node, std::move(laid.view));
}

Result<std::optional<Tensor>> channel_parameter(const OpContext& context, const ConstArray& given,
                                                const Value& x) {
  const Shape& shape = context.shape(x.node);
  const ConstArray array = given.shrunk();
  double value = 0;
  if (array.size() == 1 && array.uniform(value))
    return std::optional(Tensor::full({shape.c}, static_cast<float>(value)));
  if (array.rank() > x.rank()) return std::optional<Tensor>();
  const Dims dims = with_rank(Value::of(array), x.rank()).constant().dims();
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] != 1 && dims[i] != x.view[i].size()) return std::optional<Tensor>();
    for (const Atom& a : x.view[i].atoms) {
      if (dims[i] != 1 && (a.repeat || a.axis != Axis::c)) return std::optional<Tensor>();
    }
  }
  TESSERA_TRY(LaidOut laid, lay_out(context, array.reshaped(dims), x.view, shape));
  if (laid.shape.c != shape.c) return std::optional<Tensor>();
  return std::optional(Tensor({shape.c}, std::move(laid.values)));
}

}  // namespace tessera::onnx_import
