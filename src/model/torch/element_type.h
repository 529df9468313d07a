// The number formats weights are stored in, and their conversion to float32.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

enum class ElementType : uint8_t {
  float16,
  bfloat16,
  float32,
  float64,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  boolean,
};

int64_t bytes_of(ElementType type);
std::string_view to_string(ElementType type);  // PyTorch's names: "float16", "int64", "bool"

// Elements of a storage picked by sizes and strides (in elements), row-major, as float32. Integers
// and doubles are rounded to the nearest float32.
struct StridedView {
  int64_t offset = 0;
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
};

// Number of elements of the view, after checking that every one lies within `storage_elements` and
// that there are at most `limit`. Errors: kInvalidModel (outside the storage, negative),
// kResourceLimit (more than `limit`).
Result<int64_t> checked_view_size(const StridedView& view, int64_t storage_elements, int64_t limit);

// `view` must have passed checked_view_size for the storage held in `bytes`.
std::vector<float> gather_as_float(std::span<const uint8_t> bytes, ElementType type,
                                   bool big_endian, const StridedView& view);

}  // namespace tessera
