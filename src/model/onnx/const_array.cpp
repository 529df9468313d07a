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

double ConstArray::stored_real(int64_t k) const {
  if (kind_ == ElementKind::real) return static_cast<double>(reals_[k]);
  return static_cast<double>((*integers_)[static_cast<size_t>(k)]);
}

int64_t ConstArray::stored_integer(int64_t k) const {
  if (kind_ == ElementKind::real) return to_integer(static_cast<double>(reals_[k]));
  return (*integers_)[static_cast<size_t>(k)];
}

double ConstArray::real_at(int64_t i) const {
  return splat_ ? splat_value_ : stored_real(stored_index(i));
}

int64_t ConstArray::integer_at(int64_t i) const {
  return splat_ ? to_integer(splat_value_) : stored_integer(stored_index(i));
}

ConstArray ConstArray::reshaped(Dims dims) const {
  TESSERA_CHECK(product(dims) == size_, "reshape keeps the number of elements");
  ConstArray a = *this;
  a.dims_ = std::move(dims);
  return a;
}

Tensor ConstArray::tensor(Dims dims) const {
  TESSERA_CHECK(product(dims) == size_ && size_ > 0, "tensor dims fit");
  if (!splat_ && !is_repeated() && kind_ == ElementKind::real)
    return reals_.reshaped(std::move(dims));
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
  for (int64_t k = 1; k < stored_size(); ++k) {
    if (!(stored_real(k) == value)) return false;
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

}  // namespace tessera::onnx_import
