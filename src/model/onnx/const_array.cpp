#include "model/onnx/const_array.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tessera::onnx_import {
namespace {

int64_t product(std::span<const int64_t> dims) {
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  return count;
}

int64_t to_integer(double value) {
  if (!(value > -9.2e18)) return INT64_MIN;
  if (value > 9.2e18) return INT64_MAX;
  return static_cast<int64_t>(value);
}

}  // namespace

ConstArray ConstArray::integers(Dims dims, std::vector<int64_t> values) {
  ConstArray a;
  a.kind_ = ElementKind::integer;
  a.size_ = product(dims);
  TESSERA_CHECK(a.size_ == static_cast<int64_t>(values.size()), "dims and values agree");
  a.dims_ = std::move(dims);
  a.integers_ = std::make_shared<const std::vector<int64_t>>(std::move(values));
  return a;
}

ConstArray ConstArray::booleans(Dims dims, std::vector<int64_t> values) {
  ConstArray a = integers(std::move(dims), std::move(values));
  a.kind_ = ElementKind::boolean;
  return a;
}

ConstArray ConstArray::reals(Dims dims, std::vector<float> values) {
  const int64_t count = static_cast<int64_t>(values.size());
  TESSERA_CHECK(product(dims) == count, "dims and values agree");
  return reals(std::move(dims), count == 0 ? Tensor() : Tensor({count}, std::move(values)));
}

ConstArray ConstArray::reals(Dims dims, Tensor values) {
  ConstArray a;
  a.kind_ = ElementKind::real;
  a.size_ = product(dims);
  TESSERA_CHECK(a.size_ == values.size(), "dims and values agree");
  a.dims_ = std::move(dims);
  a.reals_ = std::move(values);
  return a;
}

ConstArray ConstArray::splat(Dims dims, ElementKind kind, double value) {
  ConstArray a;
  a.kind_ = kind;
  a.size_ = product(dims);
  a.dims_ = std::move(dims);
  a.splat_ = true;
  a.splat_value_ = value;
  return a;
}

double ConstArray::real_at(int64_t i) const {
  if (splat_) return splat_value_;
  if (kind_ == ElementKind::real) return static_cast<double>(reals_[i]);
  return static_cast<double>((*integers_)[static_cast<size_t>(i)]);
}

int64_t ConstArray::integer_at(int64_t i) const {
  if (splat_) return to_integer(splat_value_);
  if (kind_ == ElementKind::real) return to_integer(static_cast<double>(reals_[i]));
  return (*integers_)[static_cast<size_t>(i)];
}

ConstArray ConstArray::reshaped(Dims dims) const {
  TESSERA_CHECK(product(dims) == size_, "reshape keeps the number of elements");
  ConstArray a = *this;
  a.dims_ = std::move(dims);
  return a;
}

Tensor ConstArray::tensor(Dims dims) const {
  TESSERA_CHECK(product(dims) == size_ && size_ > 0, "tensor dims fit");
  if (!splat_ && kind_ == ElementKind::real) return reals_.reshaped(std::move(dims));
  if (splat_) return Tensor::full(std::move(dims), static_cast<float>(splat_value_));
  std::vector<float> values(static_cast<size_t>(size_));
  for (int64_t i = 0; i < size_; ++i)
    values[static_cast<size_t>(i)] = static_cast<float>(real_at(i));
  return Tensor(std::move(dims), std::move(values));
}

std::vector<int64_t> ConstArray::integer_list() const {
  std::vector<int64_t> list;
  for (int64_t i = 0; i < size_; ++i) list.push_back(integer_at(i));
  return list;
}

bool ConstArray::uniform(double& value) const {
  if (size_ == 0) return false;
  value = real_at(0);
  if (splat_) return true;
  for (int64_t i = 1; i < size_; ++i) {
    if (!(real_at(i) == value)) return false;
  }
  return true;
}

Result<int64_t> element_count(std::span<const int64_t> dims) {
  int64_t count = 1;
  bool zero = false;
  for (int64_t d : dims) {
    if (d < 0 || d > (int64_t{1} << 40)) {
      return TESSERA_ERROR(kResourceLimit, "",
                           fmt::format("impossible dimensions {}", dims_to_string(dims)), "");
    }
    if (d == 0) {
      zero = true;
      continue;
    }
    if (count > (int64_t{1} << 44) / d) {
      return TESSERA_ERROR(
          kResourceLimit, "",
          fmt::format("dimensions {} have too many elements", dims_to_string(dims)), "");
    }
    count *= d;
  }
  return zero ? 0 : count;
}

Dims row_major_strides(std::span<const int64_t> dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

Result<Dims> broadcast_dims(std::span<const int64_t> a, std::span<const int64_t> b) {
  Dims out(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1) {
      return TESSERA_ERROR(
          kInvalidModel, "",
          fmt::format("shapes {} and {} do not broadcast", dims_to_string(a), dims_to_string(b)),
          "");
    }
    out[out.size() - 1 - i] = da == 1 ? db : da;
  }
  return out;
}

Dims broadcast_strides(std::span<const int64_t> dims, std::span<const int64_t> out) {
  const Dims own = row_major_strides(dims);
  Dims strides(out.size(), 0);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] != 1) strides[out.size() - dims.size() + i] = own[i];
  }
  return strides;
}

IndexWalk::IndexWalk(Dims dims, std::vector<Dims> strides)
    : dims_(std::move(dims)),
      strides_(std::move(strides)),
      index_(dims_.size(), 0),
      offsets_(strides_.size(), 0),
      remaining_(product(dims_)) {}

void IndexWalk::next() {
  if (--remaining_ == 0) return;
  for (size_t axis = dims_.size(); axis-- > 0;) {
    if (++index_[axis] < dims_[axis]) {
      for (size_t k = 0; k < strides_.size(); ++k) offsets_[k] += strides_[k][axis];
      return;
    }
    index_[axis] = 0;
    for (size_t k = 0; k < strides_.size(); ++k)
      offsets_[k] -= strides_[k][axis] * (dims_[axis] - 1);
  }
}

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

Result<ConstArray> expand(const ConstArray& x, const Dims& dims) {
  TESSERA_TRY(const int64_t count, element_count(dims));
  if (count == x.size()) return x.reshaped(dims);
  return gather(x, dims, broadcast_strides(x.dims(), dims), 0);
}

}  // namespace tessera::onnx_import
