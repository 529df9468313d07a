// ConstArray: a value known while reading an ONNX file: weights, and every shape computation once
// the input's shape is concrete.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tessera/compiler/tensor.h"
#include "tessera/result.h"

namespace tessera::onnx_import {

// The three number kinds that matter here. All float types are kept as float32, all integer types
// as int64.
enum class ElementKind : uint8_t { real, integer, boolean };

using Dims = std::vector<int64_t>;

// Elements a folded (not merely repeated) constant may have, and a tensor of the file.
inline constexpr int64_t kMaxFoldedElements = int64_t{1} << 25;
inline constexpr int64_t kMaxTensorElements = int64_t{1} << 29;
inline constexpr double kFloatMax = static_cast<double>(std::numeric_limits<float>::max());

// Immutable N-dimensional array; copies share the values. A "splat" holds one value standing for
// all elements, and an array that repeats (Expand) holds what is repeated once, so that neither
// costs more when its dimensions grow. Dimensions of 0 are allowed.
class ConstArray {
 public:
  ConstArray() = default;
  static ConstArray integers(Dims dims, std::vector<int64_t> values);
  static ConstArray booleans(Dims dims, std::vector<int64_t> values);
  static ConstArray reals(Dims dims, std::vector<float> values);
  // Shares the tensor's storage.
  static ConstArray reals(Dims dims, Tensor values);
  static ConstArray splat(Dims dims, ElementKind kind, double value);
  static ConstArray scalar(int64_t value) { return integers({}, {value}); }

  ElementKind kind() const { return kind_; }
  bool is_real() const { return kind_ == ElementKind::real; }
  const Dims& dims() const { return dims_; }
  size_t rank() const { return dims_.size(); }
  int64_t size() const { return size_; }
  bool is_splat() const { return splat_; }
  bool is_repeated() const { return !factors_.empty(); }
  // Elements held in memory.
  int64_t stored_size() const;

  // The element type it has in the file (TensorProto::DataType); 0 for what was computed.
  int element_type() const { return element_type_; }
  void set_element_type(int code) { element_type_ = code; }

  // Element in row-major order; 0 <= i < size().
  double real_at(int64_t i) const;
  int64_t integer_at(int64_t i) const;

  // The same values under other dimensions of equal product.
  ConstArray reshaped(Dims dims) const;

  // The same elements with size 1 along every dimension that only repeats.
  ConstArray core() const;
  // The same with size 1 along every dimension over which the values do not vary, bit for bit.
  ConstArray shrunk() const;

  // What is held in memory, as one row; and an array that repeats another row of that size as this
  // one does. Not for a splat.
  ConstArray stored() const;
  ConstArray with_stored(const ConstArray& row) const;

  // All elements as float32 under `dims` of equal product, sharing storage where possible.
  Tensor tensor(Dims dims) const;
  std::vector<int64_t> integer_list() const;

  // True, with the value, when all elements are equal (at most `limit` elements are looked at).
  bool uniform(double& value) const;

 private:
  friend  // Repeats without copying.
      Result<ConstArray>
      expand(const ConstArray& x, const Dims& dims);

  // The elements in row-major order, major to minor, whatever dims_ says: `size` different ones, or
  // `size` times the same.
  struct Factor {
    int64_t size = 1;
    bool repeat = false;
  };
  // The factors that each dim consists of; nothing when a dim ends inside a factor.
  std::optional<std::vector<std::vector<Factor>>> factors_of_dims() const;
  int64_t stored_index(int64_t i) const;
  double stored_real(int64_t k) const;
  int64_t stored_integer(int64_t k) const;
  ConstArray varying_along(const std::vector<bool>& dims) const;

  Dims dims_;
  ElementKind kind_ = ElementKind::real;
  int element_type_ = 0;
  int64_t size_ = 0;
  std::vector<Factor> factors_;  // empty: nothing repeats
  bool splat_ = false;
  double splat_value_ = 0;
  Tensor reals_;
  std::shared_ptr<const std::vector<int64_t>> integers_;
};

// Product of dims; an error (kResourceLimit) when it overflows or a dim is negative.
Result<int64_t> element_count(std::span<const int64_t> dims);

// Row-major strides.
Dims row_major_strides(std::span<const int64_t> dims);

// NumPy broadcasting; kInvalidModel when the shapes do not broadcast.
Result<Dims> broadcast_dims(std::span<const int64_t> a, std::span<const int64_t> b);

// Walks all index tuples of `dims` in row-major order, keeping one offset per stride list.
class IndexWalk {
 public:
  IndexWalk(Dims dims, std::vector<Dims> strides);
  bool done() const { return remaining_ == 0; }
  int64_t offset(size_t which) const { return offsets_[which]; }
  int64_t coordinate(size_t axis) const { return index_[axis]; }
  void next();

 private:
  Dims dims_;
  std::vector<Dims> strides_;
  Dims index_;
  Dims offsets_;
  int64_t remaining_ = 0;
};

// Strides for reading an array of `dims` as if broadcast to `out` (0 along repeated axes).
Dims broadcast_strides(std::span<const int64_t> dims, std::span<const int64_t> out);

// Pieces of arrays, as the ONNX operators of the same names. Axes are valid and non-negative.
Result<ConstArray> transpose(const ConstArray& x, std::span<const int64_t> perm);
Result<ConstArray> slice(const ConstArray& x, size_t axis, int64_t begin, int64_t count,
                         int64_t step);
Result<ConstArray> take(const ConstArray& x, size_t axis, const ConstArray& indices);
Result<ConstArray> concat(std::span<const ConstArray> parts, size_t axis);
// Repeats without copying.
Result<ConstArray> expand(const ConstArray& x, const Dims& dims);

}  // namespace tessera::onnx_import
