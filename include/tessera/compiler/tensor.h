// Tensor: an immutable, shared float32 array; the form in which weights live in a graph.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera {

// Row-major float32 values with dimensions. Copies share the values; nothing changes them
// afterwards.
class Tensor {
 public:
  Tensor() = default;  // no dimensions, no values: "absent" (a convolution without bias)

  // `values` must hold exactly the product of `dims`, which are all positive; a mismatch is a bug
  // (aborts). Readers of untrusted files check before they call this.
  Tensor(std::vector<int64_t> dims, std::vector<float> values);

  // The same value everywhere.
  static Tensor full(std::vector<int64_t> dims, float value);

  bool empty() const { return values_ == nullptr; }
  const std::vector<int64_t>& dims() const { return dims_; }
  int64_t dim(size_t axis) const { return dims_.at(axis); }
  int64_t size() const { return values_ ? static_cast<int64_t>(values_->size()) : 0; }
  std::span<const float> values() const;
  const float* data() const { return values_ ? values_->data() : nullptr; }
  float operator[](int64_t i) const { return (*values_)[static_cast<size_t>(i)]; }

  // The same values under other dimensions of equal product.
  Tensor reshaped(std::vector<int64_t> dims) const;

  bool same_storage(const Tensor& other) const { return values_ == other.values_; }
  // Equal dims and bit-equal values.
  friend bool operator==(const Tensor& a, const Tensor& b);

 private:
  std::vector<int64_t> dims_;
  std::shared_ptr<const std::vector<float>> values_;
};

// "[64, 1, 3]"
std::string dims_to_string(std::span<const int64_t> dims);

// Product of dims, or an error (kResourceLimit) when a dim is not positive or the product exceeds
// `limit`.
Result<int64_t> checked_element_count(std::span<const int64_t> dims, int64_t limit);

}  // namespace tessera
