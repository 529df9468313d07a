#include "model/onnx/scatter_targets.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera::onnx_import {
namespace {

Error misfit(const Dims& data, const Dims& indices, const Dims& updates) {
  return TESSERA_ERROR(kInvalidModel, "",
                       fmt::format("scatters {} into {} by indices of {}", dims_to_string(updates),
                                   dims_to_string(data), dims_to_string(indices)),
                       "");
}

Result<int64_t> wrapped(int64_t index, int64_t size) {
  const int64_t at = index < 0 ? index + size : index;
  if (at < 0 || at >= size) {
    return TESSERA_ERROR(kInvalidModel, "",
                         fmt::format("index {} is outside {} elements", index, size), "");
  }
  return at;
}

Result<void> check_size(const ConstArray& array) {
  if (array.size() <= kMaxFoldedElements) return {};
  return TESSERA_ERROR(kResourceLimit, "",
                       fmt::format("a constant of {} elements is too large", array.size()), "");
}

Result<void> check_element_shapes(const Dims& data, const Dims& indices, const Dims& updates) {
  if (data.size() != updates.size() || indices != updates) return misfit(data, indices, updates);
  return {};
}

// Number of leading dims of the data that each row of the indices names.
Result<size_t> indexed_dims(const Dims& data, const Dims& indices, const Dims& updates) {
  if (indices.empty() || indices.back() < 1 || indices.back() > static_cast<int64_t>(data.size()))
    return misfit(data, indices, updates);
  const auto count = static_cast<size_t>(indices.back());
  Dims expected(indices.begin(), indices.end() - 1);
  expected.insert(expected.end(), data.begin() + static_cast<std::ptrdiff_t>(count), data.end());
  if (expected != updates) return misfit(data, indices, updates);
  return count;
}

// The dim of the rows of indices along which column `column` counts 0, 1, 2, ... up to `size`.
std::optional<size_t> counting_dim(const ConstArray& indices, size_t column, int64_t size,
                                   const std::vector<bool>& taken) {
  const Dims rows(indices.dims().begin(), indices.dims().end() - 1);
  const int64_t columns = indices.dims().back();
  for (size_t dim = 0; dim < rows.size(); ++dim) {
    if (taken[dim] || rows[dim] != size) continue;
    bool counts = true;
    int64_t row = 0;
    for (IndexWalk walk(rows, {}); counts && !walk.done(); walk.next(), ++row) {
      const int64_t index = indices.integer_at(row * columns + static_cast<int64_t>(column));
      counts = (index < 0 ? index + size : index) == walk.coordinate(dim);
    }
    if (counts) return dim;
  }
  return std::nullopt;
}

bool all_zero(const ConstArray& indices, size_t column) {
  const int64_t columns = indices.dims().back();
  for (int64_t at = static_cast<int64_t>(column); at < indices.size(); at += columns) {
    if (indices.integer_at(at) != 0) return false;
  }
  return true;
}

}  // namespace

Result<ScatterTargets> scatter_element_targets(const OpContext& context, const Dims& data,
                                               const ConstArray& indices, const Dims& updates,
                                               size_t axis) {
  Result<void> fits = check_element_shapes(data, indices.dims(), updates);
  if (fits) fits = check_size(indices);
  if (!fits) return context.located(std::move(fits).error());
  ScatterTargets targets;
  targets.along = axis;
  targets.running = {axis};
  for (size_t i = 0; i < data.size(); ++i) {
    if (i != axis && updates[i] != data[i]) {
      return context.unsupported(
          fmt::format("writes {} of {} elements along dimension {}", updates[i], data[i], i),
          "scatters that move elements along one dimension are read");
    }
    targets.source.push_back(i == axis ? std::nullopt : std::optional(i));
  }
  targets.positions.assign(static_cast<size_t>(updates[axis]), -1);
  int64_t element = 0;
  for (IndexWalk walk(updates, {}); !walk.done(); walk.next(), ++element) {
    Result<int64_t> at = wrapped(indices.integer_at(element), data[axis]);
    if (!at) return context.located(std::move(at).error());
    int64_t& known = targets.positions[static_cast<size_t>(walk.coordinate(axis))];
    if (known < 0) known = *at;
    if (known == *at) continue;
    return context.unsupported(
        fmt::format("moves element {} of dimension {} to {} in one row and to {} in another",
                    walk.coordinate(axis), axis, known, *at),
        "indices that are the same for all channels (overlap-add) are read");
  }
  return targets;
}

Result<ScatterTargets> scatter_nd_targets(const OpContext& context, const Dims& data,
                                          const ConstArray& indices, const Dims& updates) {
  Result<size_t> indexed = indexed_dims(data, indices.dims(), updates);
  if (indexed) {
    Result<void> small = check_size(indices);
    if (!small) return context.located(std::move(small).error());
  }
  if (!indexed) return context.located(std::move(indexed).error());
  const Dims rows(indices.dims().begin(), indices.dims().end() - 1);
  ScatterTargets targets;
  targets.source.resize(data.size());
  std::vector<bool> taken(rows.size(), false);
  std::vector<size_t> moved;
  for (size_t j = 0; j < *indexed; ++j) {
    targets.source[j] = counting_dim(indices, j, data[j], taken);
    if (targets.source[j]) {
      taken[*targets.source[j]] = true;
    } else if (data[j] != 1 || !all_zero(indices, j)) {
      moved.push_back(j);
    }
  }
  for (size_t j = *indexed; j < data.size(); ++j) targets.source[j] = rows.size() + j - *indexed;
  if (moved.size() > 1) {
    return context.unsupported(
        fmt::format("moves elements along dimensions {} and {} at once", moved[0], moved[1]),
        "scatters that move elements along one dimension (overlap-add) are read");
  }
  for (size_t dim = 0; dim < rows.size(); ++dim) {
    if (!taken[dim]) targets.running.push_back(dim);
  }
  if (moved.empty()) {  // everything stays where it is: along the last dim that a row names
    const auto left_over = [&](size_t dim) { return rows[dim] != 1; };
    if (std::any_of(targets.running.begin(), targets.running.end(), left_over))
      return context.unsupported("writes several values to each element");
    targets.along = data.size();
    return targets;
  }
  targets.along = moved[0];
  const auto columns = static_cast<int64_t>(*indexed);
  Dims run;
  for (size_t dim : targets.running) run.push_back(rows[dim]);
  Dims strides(rows.size(), 0);
  const Dims run_strides = row_major_strides(run);
  for (size_t i = 0; i < run.size(); ++i) strides[targets.running[i]] = run_strides[i];
  int64_t count = 1;
  for (int64_t d : run) count *= d;
  targets.positions.assign(static_cast<size_t>(count), -1);
  int64_t row = 0;
  for (IndexWalk walk(rows, {strides}); !walk.done(); walk.next(), ++row) {
    const auto column = static_cast<int64_t>(targets.along);
    Result<int64_t> at = wrapped(indices.integer_at(row * columns + column), data[targets.along]);
    if (!at) return context.located(std::move(at).error());
    int64_t& known = targets.positions[static_cast<size_t>(walk.offset(0))];
    if (known < 0) known = *at;
    if (known == *at) continue;
    return context.unsupported(
        fmt::format("moves the same element to {} in one row and to {} in another", known, *at),
        "indices that are the same for all channels (overlap-add) are read");
  }
  return targets;
}

namespace {

// Kinds of numbers stay: integers add as integers.
class Written {
 public:
  explicit Written(const ConstArray& data) : dims_(data.dims()), real_(data.is_real()) {
    for (int64_t i = 0; i < data.size(); ++i) {
      if (real_)
        reals_.push_back(data.real_at(i));
      else
        integers_.push_back(data.integer_at(i));
    }
  }
  void write(int64_t at, const ConstArray& from, int64_t i, bool add) {
    const auto k = static_cast<size_t>(at);
    if (real_)
      reals_[k] = (add ? reals_[k] : 0) + from.real_at(i);
    else
      integers_[k] = static_cast<int64_t>((add ? static_cast<uint64_t>(integers_[k]) : 0) +
                                          static_cast<uint64_t>(from.integer_at(i)));
  }
  ConstArray result() && {
    if (!real_) return ConstArray::integers(dims_, std::move(integers_));
    return ConstArray::reals(dims_, std::vector<float>(reals_.begin(), reals_.end()));
  }

 private:
  Dims dims_;
  bool real_;
  std::vector<double> reals_;  // sums are rounded once
  std::vector<int64_t> integers_;
};

}  // namespace

Result<ConstArray> fold_scatter_elements(const ConstArray& data, const ConstArray& indices,
                                         const ConstArray& updates, size_t axis, bool add) {
  TESSERA_TRY_VOID(check_element_shapes(data.dims(), indices.dims(), updates.dims()));
  for (const ConstArray* array : {&data, &indices}) TESSERA_TRY_VOID(check_size(*array));
  for (size_t i = 0; i < data.rank(); ++i) {
    if (i != axis && updates.dims()[i] > data.dims()[i])
      return misfit(data.dims(), indices.dims(), updates.dims());
  }
  Written written(data);
  Dims strides = row_major_strides(data.dims());
  const int64_t along = strides[axis];
  strides[axis] = 0;
  int64_t element = 0;
  for (IndexWalk walk(updates.dims(), {strides}); !walk.done(); walk.next(), ++element) {
    TESSERA_TRY(const int64_t at, wrapped(indices.integer_at(element), data.dims()[axis]));
    written.write(walk.offset(0) + at * along, updates, element, add);
  }
  return std::move(written).result();
}

Result<ConstArray> fold_scatter_nd(const ConstArray& data, const ConstArray& indices,
                                   const ConstArray& updates, bool add) {
  TESSERA_TRY(const size_t indexed, indexed_dims(data.dims(), indices.dims(), updates.dims()));
  for (const ConstArray* array : {&data, &indices, &updates}) TESSERA_TRY_VOID(check_size(*array));
  Written written(data);
  const Dims strides = row_major_strides(data.dims());
  const auto columns = static_cast<int64_t>(indexed);
  const int64_t rows = indices.size() / columns;
  const int64_t each = strides[indexed - 1];
  for (int64_t row = 0; row < rows; ++row) {
    int64_t at = 0;
    for (size_t j = 0; j < indexed; ++j) {
      TESSERA_TRY(
          const int64_t index,
          wrapped(indices.integer_at(row * columns + static_cast<int64_t>(j)), data.dims()[j]));
      at += index * strides[j];
    }
    for (int64_t i = 0; i < each; ++i) written.write(at + i, updates, row * each + i, add);
  }
  return std::move(written).result();
}

}  // namespace tessera::onnx_import
