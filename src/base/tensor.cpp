#include "tessera/compiler/tensor.h"

#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tessera {

Tensor::Tensor(std::vector<int64_t> dims, std::vector<float> values)
    : dims_(std::move(dims)),
      values_(std::make_shared<const std::vector<float>>(std::move(values))) {
  int64_t count = 1;
  for (int64_t d : dims_) {
    TESSERA_CHECK(d > 0, "tensor dimensions are positive");
    count *= d;
  }
  TESSERA_CHECK(count == size(), "tensor dimensions and values agree");
}

Tensor Tensor::full(std::vector<int64_t> dims, float value) {
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  return Tensor(std::move(dims), std::vector<float>(static_cast<size_t>(count), value));
}

std::span<const float> Tensor::values() const {
  return values_ ? std::span<const float>(*values_) : std::span<const float>();
}

Tensor Tensor::reshaped(std::vector<int64_t> dims) const {
  Tensor result;
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  TESSERA_CHECK(count == size(), "reshape keeps the number of values");
  result.dims_ = std::move(dims);
  result.values_ = values_;
  return result;
}

bool operator==(const Tensor& a, const Tensor& b) {
  if (a.dims_ != b.dims_ || a.empty() != b.empty()) return false;
  if (a.values_ == b.values_) return true;
  return std::memcmp(a.data(), b.data(), a.values_->size() * sizeof(float)) == 0;
}

std::string dims_to_string(std::span<const int64_t> dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

Result<int64_t> checked_element_count(std::span<const int64_t> dims, int64_t limit) {
  int64_t count = 1;
  for (int64_t d : dims) {
    if (d <= 0 || d > limit || count > limit / d) {
      return TESSERA_ERROR(
          kResourceLimit, "",
          fmt::format("dimensions {} are empty or exceed {} elements", dims_to_string(dims), limit),
          "");
    }
    count *= d;
  }
  return count;
}

}  // namespace tessera
