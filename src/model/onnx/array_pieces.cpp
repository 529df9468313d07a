// Pieces of arrays: parts, orders, joins. What repeats is worked on once.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "model/onnx/const_array.h"

namespace tessera::onnx_import {
namespace {

// Copies `x` element by element in the order of `walk`'s offset 0, shifted by `start`.
Result<ConstArray> gather(const ConstArray& x, Dims dims, Dims strides, int64_t start) {
  TESSERA_TRY(const int64_t count, element_count(dims));
  if (x.is_splat() && count > 0) return ConstArray::splat(std::move(dims), x.kind(), x.real_at(0));
  if (count > kMaxFoldedElements) {
    return TESSERA_ERROR(kResourceLimit, "",
                         fmt::format("a constant of {} elements is too large", count), "");
  }
  if (x.is_real()) {
    std::vector<float> values;
    values.reserve(static_cast<size_t>(count));
    for (IndexWalk walk(dims, {std::move(strides)}); !walk.done(); walk.next())
      values.push_back(static_cast<float>(x.real_at(start + walk.offset(0))));
    return ConstArray::reals(std::move(dims), std::move(values));
  }
  std::vector<int64_t> values;
  values.reserve(static_cast<size_t>(count));
  for (IndexWalk walk(dims, {std::move(strides)}); !walk.done(); walk.next())
    values.push_back(x.integer_at(start + walk.offset(0)));
  return x.kind() == ElementKind::boolean
             ? ConstArray::booleans(std::move(dims), std::move(values))
             : ConstArray::integers(std::move(dims), std::move(values));
}

}  // namespace

Result<ConstArray> transpose(const ConstArray& x, std::span<const int64_t> perm) {
  const ConstArray core = x.core();
  if (core.size() < x.size()) {
    Dims dims;
    for (int64_t p : perm) dims.push_back(x.dims()[static_cast<size_t>(p)]);
    TESSERA_TRY(const ConstArray y, transpose(core, perm));
    return expand(y, dims);
  }
  const Dims own = row_major_strides(x.dims());
  Dims dims;
  Dims strides;
  for (int64_t p : perm) {
    dims.push_back(x.dims()[static_cast<size_t>(p)]);
    strides.push_back(own[static_cast<size_t>(p)]);
  }
  return gather(x, std::move(dims), std::move(strides), 0);
}

Result<ConstArray> slice(const ConstArray& x, size_t axis, int64_t begin, int64_t count,
                         int64_t step) {
  const ConstArray core = x.core();
  if (core.size() < x.size() && count > 0) {
    Dims dims = x.dims();
    dims[axis] = count;
    if (core.dims()[axis] == 1) return expand(core, dims);
    TESSERA_TRY(const ConstArray y, slice(core, axis, begin, count, step));
    return expand(y, dims);
  }
  Dims dims = x.dims();
  Dims strides = row_major_strides(x.dims());
  dims[axis] = count;
  const int64_t start = begin * strides[axis];
  strides[axis] *= step;
  return gather(x, std::move(dims), std::move(strides), start);
}

Result<ConstArray> take(const ConstArray& x, size_t axis, const ConstArray& indices) {
  std::vector<ConstArray> parts;
  const int64_t size = x.dims()[axis];
  if (indices.size() > (int64_t{1} << 20)) {
    return TESSERA_ERROR(kResourceLimit, "", fmt::format("{} indices are too many", indices.size()),
                         "");
  }
  for (int64_t i = 0; i < indices.size(); ++i) {
    int64_t at = indices.integer_at(i);
    if (at < 0) at += size;
    if (at < 0 || at >= size) {
      return TESSERA_ERROR(kInvalidModel, "",
                           fmt::format("index {} is outside the {} elements of axis {}",
                                       indices.integer_at(i), size, axis),
                           "");
    }
    TESSERA_TRY(ConstArray part, slice(x, axis, at, 1, 1));
    parts.push_back(std::move(part));
  }
  Dims dims(x.dims().begin(), x.dims().begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(dims.end(), indices.dims().begin(), indices.dims().end());
  dims.insert(dims.end(), x.dims().begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.dims().end());
  if (parts.empty()) return slice(x, axis, 0, 0, 1);
  TESSERA_TRY(ConstArray joined, concat(parts, axis));
  return joined.reshaped(std::move(dims));
}

namespace {

// Joins arrays of which none varies along some of the dimensions other than `axis`, on what varies;
// nothing when there is no such dimension.
Result<std::optional<ConstArray>> concat_cores(std::span<const ConstArray> parts, size_t axis,
                                               const Dims& dims) {
  std::vector<ConstArray> cores;
  for (const ConstArray& part : parts) cores.push_back(part.core());
  Dims kept = dims;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i == axis) continue;
    if (std::all_of(cores.begin(), cores.end(),
                    [i](const ConstArray& c) { return c.dims()[i] == 1; }))
      kept[i] = 1;
  }
  if (kept == dims) return std::optional<ConstArray>();
  for (size_t k = 0; k < cores.size(); ++k) {
    Dims own = kept;
    own[axis] = parts[k].dims()[axis];
    TESSERA_TRY(cores[k], expand(cores[k], own));
  }
  TESSERA_TRY(const ConstArray joined, concat(cores, axis));
  TESSERA_TRY(ConstArray y, expand(joined, dims));
  return std::optional(std::move(y));
}

}  // namespace

Result<ConstArray> concat(std::span<const ConstArray> parts, size_t axis) {
  Dims dims = parts[0].dims();
  dims[axis] = 0;
  for (const ConstArray& part : parts) {
    Dims expected = dims;
    if (part.rank() != dims.size()) {
      return TESSERA_ERROR(kInvalidModel, "", "cannot join arrays of different rank", "");
    }
    expected[axis] = part.dims()[axis];
    if (part.dims() != expected || part.kind() != parts[0].kind()) {
      return TESSERA_ERROR(
          kInvalidModel, "",
          fmt::format("cannot join {} and {} along axis {}", dims_to_string(parts[0].dims()),
                      dims_to_string(part.dims()), axis),
          "");
    }
    dims[axis] += part.dims()[axis];
  }
  TESSERA_TRY(const int64_t count, element_count(dims));
  if (count > 0) {
    TESSERA_TRY(std::optional<ConstArray> y, concat_cores(parts, axis, dims));
    if (y) return std::move(*y);
  }
  if (count > kMaxFoldedElements) {
    return TESSERA_ERROR(kResourceLimit, "",
                         fmt::format("a constant of {} elements is too large", count), "");
  }
  int64_t outer = 1;
  for (size_t i = 0; i < axis; ++i) outer *= dims[i];
  std::vector<float> reals;
  std::vector<int64_t> integers;
  for (int64_t o = 0; o < outer; ++o) {
    for (const ConstArray& part : parts) {
      const int64_t run = outer == 0 ? 0 : part.size() / outer;
      for (int64_t i = o * run; i < (o + 1) * run; ++i) {
        if (part.is_real())
          reals.push_back(static_cast<float>(part.real_at(i)));
        else
          integers.push_back(part.integer_at(i));
      }
    }
  }
  if (parts[0].is_real()) return ConstArray::reals(std::move(dims), std::move(reals));
  return parts[0].kind() == ElementKind::boolean
             ? ConstArray::booleans(std::move(dims), std::move(integers))
             : ConstArray::integers(std::move(dims), std::move(integers));
}

}  // namespace tessera::onnx_import
