// What a ConstArray that repeats holds, and which of its dimensions vary at all.
#include <algorithm>
#include <bit>

#include "model/onnx/const_array.h"

namespace tessera::onnx_import {

int64_t ConstArray::stored_size() const {
  if (splat_) return 1;
  if (!is_repeated()) return size_;
  int64_t count = 1;
  for (const Factor& f : factors_) count *= f.repeat ? 1 : f.size;
  return count;
}

int64_t ConstArray::stored_index(int64_t i) const {
  if (!is_repeated()) return i;
  int64_t index = 0;
  int64_t stride = 1;
  for (size_t k = factors_.size(); k-- > 0;) {
    const Factor& f = factors_[k];
    if (!f.repeat) {
      index += i % f.size * stride;
      stride *= f.size;
    }
    i /= f.size;
  }
  return index;
}

std::optional<std::vector<std::vector<ConstArray::Factor>>> ConstArray::factors_of_dims() const {
  std::vector<std::vector<Factor>> result(dims_.size());
  std::vector<Factor> rest = factors_;
  if (rest.empty()) {
    for (int64_t d : dims_) rest.push_back({d, false});
  }
  size_t at = 0;
  for (size_t i = 0; i < dims_.size(); ++i) {
    int64_t wanted = dims_[i];
    while (wanted > 1) {
      while (at < rest.size() && rest[at].size == 1) ++at;
      if (at == rest.size()) return std::nullopt;
      Factor& f = rest[at];
      if (wanted % f.size == 0) {
        wanted /= f.size;
        result[i].push_back(f);
        ++at;
      } else if (f.size % wanted == 0) {
        result[i].push_back({wanted, f.repeat});
        f.size /= wanted;
        wanted = 1;
      } else {
        return std::nullopt;
      }
    }
  }
  return result;
}

ConstArray ConstArray::core() const {
  if (splat_) {
    if (size_ == 0) return *this;
    return splat(Dims(dims_.size(), 1), kind_, splat_value_);
  }
  if (!is_repeated()) return *this;
  const auto parts = factors_of_dims();
  if (!parts) return *this;
  ConstArray a = *this;
  a.factors_.clear();
  bool repeats = false;
  for (size_t i = 0; i < dims_.size(); ++i) {
    const std::vector<Factor>& part = (*parts)[i];
    if (std::all_of(part.begin(), part.end(), [](const Factor& f) { return f.repeat; })) {
      a.dims_[i] = 1;
      continue;
    }
    for (const Factor& f : part) repeats = repeats || f.repeat;
    a.factors_.insert(a.factors_.end(), part.begin(), part.end());
  }
  if (!repeats) a.factors_.clear();
  a.size_ = 1;
  for (int64_t d : a.dims_) a.size_ *= d;
  return a;
}

ConstArray ConstArray::varying_along(const std::vector<bool>& varies) const {
  Dims dims = dims_;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (!varies[i]) dims[i] = 1;
  }
  if (dims == dims_) return *this;
  const Dims strides = row_major_strides(dims_);
  std::vector<float> reals;
  std::vector<int64_t> integers;
  for (IndexWalk walk(dims, {strides}); !walk.done(); walk.next()) {
    if (is_real())
      reals.push_back(reals_[walk.offset(0)]);
    else
      integers.push_back(integer_at(walk.offset(0)));
  }
  if (is_real()) return ConstArray::reals(std::move(dims), std::move(reals));
  ConstArray a = ConstArray::integers(std::move(dims), std::move(integers));
  a.kind_ = kind_;
  return a;
}

ConstArray ConstArray::shrunk() const {
  ConstArray a = core();
  if (a.is_splat() || a.is_repeated() || a.size() < 2) return a;
  const auto same = [&a](int64_t i, int64_t k) {
    if (!a.is_real()) return a.integer_at(i) == a.integer_at(k);
    return std::bit_cast<uint32_t>(a.reals_[i]) == std::bit_cast<uint32_t>(a.reals_[k]);
  };
  std::vector<bool> varies(a.rank(), false);
  const Dims strides = row_major_strides(a.dims());
  for (size_t axis = 0; axis < a.rank(); ++axis) {
    const int64_t stride = strides[axis];
    const int64_t size = a.dims()[axis];
    for (int64_t i = 0; i < a.size() && !varies[axis]; ++i) {
      if (i / stride % size != 0) varies[axis] = !same(i, i - stride);
    }
  }
  return a.varying_along(varies);
}

ConstArray ConstArray::stored() const {
  TESSERA_CHECK(!splat_, "a splat holds no row");
  ConstArray row = *this;
  row.factors_.clear();
  row.size_ = stored_size();
  row.dims_ = {row.size_};
  return row;
}

ConstArray ConstArray::with_stored(const ConstArray& row) const {
  TESSERA_CHECK(!splat_ && !row.is_splat() && !row.is_repeated() && row.size() == stored_size(),
                "a row of the size held");
  ConstArray a = row;
  a.dims_ = dims_;
  a.size_ = size_;
  a.factors_ = factors_;
  return a;
}

Result<ConstArray> expand(const ConstArray& x, const Dims& dims) {
  TESSERA_TRY(const int64_t count, element_count(dims));
  if (count == x.size()) return x.reshaped(dims);
  if (count == 0) return ConstArray::splat(dims, x.kind(), 0);
  if (x.is_splat() || (x.size() == 1 && x.is_real()))
    return ConstArray::splat(dims, x.kind(), x.real_at(0));
  const auto parts = x.factors_of_dims();
  if (!parts) {
    return TESSERA_ERROR(kUnsupported, "", "repeats a constant along part of a dimension",
                         "export the model with constant folding");
  }
  ConstArray a = x;
  a.dims_ = dims;
  a.size_ = count;
  a.factors_.clear();
  const size_t added = dims.size() - x.rank();
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t own = i < added ? 1 : x.dims()[i - added];
    if (own == 1) {
      if (dims[i] > 1) a.factors_.push_back({dims[i], true});
    } else {
      const auto& part = (*parts)[i - added];
      a.factors_.insert(a.factors_.end(), part.begin(), part.end());
    }
  }
  return a;
}

}  // namespace tessera::onnx_import
