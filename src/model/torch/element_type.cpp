#include "model/torch/element_type.h"

#include <bit>
#include <cstring>
#include <type_traits>

#include <fmt/format.h>

#include "tessera/compiler/tensor.h"

namespace tessera {
namespace {

float half_to_float(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t exponent = bits >> 10 & 0x1f;
  const uint32_t mantissa = bits & 0x3ff;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24, exact in float32
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

struct Half {
  uint16_t bits;
};
struct BFloat {
  uint16_t bits;
};
struct Boolean {
  uint8_t bits;
};

template <typename T>
float as_float(T value) {
  if constexpr (std::is_same_v<T, Half>) {
    return half_to_float(value.bits);
  } else if constexpr (std::is_same_v<T, BFloat>) {
    return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16);
  } else if constexpr (std::is_same_v<T, Boolean>) {
    return value.bits != 0 ? 1.0F : 0.0F;
  } else {
    return static_cast<float>(value);
  }
}

template <typename T>
float load(const uint8_t* bytes, bool swap) {
  uint8_t buffer[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) buffer[i] = bytes[swap ? sizeof(T) - 1 - i : i];
  T value;
  std::memcpy(&value, buffer, sizeof(T));
  return as_float(value);
}

// Steps through the view with one counter per dimension, the last one fastest.
template <typename T>
void gather(std::span<const uint8_t> bytes, bool swap, const StridedView& view,
            std::vector<float>& out) {
  std::vector<int64_t> counter(view.sizes.size(), 0);
  int64_t at = view.offset;
  for (float& value : out) {
    value = load<T>(bytes.data() + at * static_cast<int64_t>(sizeof(T)), swap);
    for (size_t d = view.sizes.size(); d-- > 0;) {
      at += view.strides[d];
      if (++counter[d] < view.sizes[d]) break;
      at -= view.strides[d] * view.sizes[d];
      counter[d] = 0;
    }
  }
}

bool is_contiguous(const StridedView& view) {
  int64_t step = 1;
  for (size_t d = view.sizes.size(); d-- > 0;) {
    if (view.sizes[d] != 1 && view.strides[d] != step) return false;
    step *= view.sizes[d];
  }
  return true;
}

}  // namespace

int64_t bytes_of(ElementType type) {
  switch (type) {
    case ElementType::int8:
    case ElementType::uint8:
    case ElementType::boolean: return 1;
    case ElementType::float16:
    case ElementType::bfloat16:
    case ElementType::int16:
    case ElementType::uint16: return 2;
    case ElementType::float32:
    case ElementType::int32:
    case ElementType::uint32: return 4;
    case ElementType::float64:
    case ElementType::int64:
    case ElementType::uint64: return 8;
  }
  return 1;
}

std::string_view to_string(ElementType type) {
  switch (type) {
    case ElementType::float16: return "float16";
    case ElementType::bfloat16: return "bfloat16";
    case ElementType::float32: return "float32";
    case ElementType::float64: return "float64";
    case ElementType::int8: return "int8";
    case ElementType::int16: return "int16";
    case ElementType::int32: return "int32";
    case ElementType::int64: return "int64";
    case ElementType::uint8: return "uint8";
    case ElementType::uint16: return "uint16";
    case ElementType::uint32: return "uint32";
    case ElementType::uint64: return "uint64";
    case ElementType::boolean: return "bool";
  }
  return "?";
}

Result<int64_t> checked_view_size(const StridedView& view, int64_t storage_elements,
                                  int64_t limit) {
  if (view.sizes.size() != view.strides.size() || view.offset < 0) {
    return TESSERA_ERROR(kInvalidModel, "",
                         "sizes, strides and offset of a tensor do not belong together", "");
  }
  int64_t count = 1;
  for (size_t d = 0; d < view.sizes.size(); ++d) {
    if (view.sizes[d] < 0 || view.strides[d] < 0) {
      return TESSERA_ERROR(kInvalidModel, "",
                           fmt::format("negative sizes or strides: sizes {}, strides {}",
                                       dims_to_string(view.sizes), dims_to_string(view.strides)),
                           "");
    }
    if (view.sizes[d] == 0) count = 0;
  }
  if (count == 0) return 0;
  int64_t last = view.offset;  // the element furthest out
  for (size_t d = 0; d < view.sizes.size(); ++d) {
    const int64_t steps = view.sizes[d] - 1;
    if (last >= storage_elements ||
        (view.strides[d] > 0 && steps > (storage_elements - 1 - last) / view.strides[d])) {
      last = storage_elements;
    } else {
      last += steps * view.strides[d];
    }
    if (view.sizes[d] > limit / count) {
      return TESSERA_ERROR(
          kResourceLimit, "",
          fmt::format("shape {} exceeds {} elements", dims_to_string(view.sizes), limit), "");
    }
    count *= view.sizes[d];
  }
  if (last >= storage_elements) {
    return TESSERA_ERROR(
        kInvalidModel, "",
        fmt::format("shape {} with strides {} from element {} reaches beyond its {} elements",
                    dims_to_string(view.sizes), dims_to_string(view.strides), view.offset,
                    storage_elements),
        "");
  }
  return count;
}

std::vector<float> gather_as_float(std::span<const uint8_t> bytes, ElementType type,
                                   bool big_endian, const StridedView& view) {
  int64_t count = 1;
  for (int64_t size : view.sizes) count *= size;
  std::vector<float> out(static_cast<size_t>(count));
  const bool swap = big_endian != (std::endian::native == std::endian::big);
  if (type == ElementType::float32 && !swap && is_contiguous(view) &&
      count > 0) {  // nearly every tensor
    std::memcpy(out.data(), bytes.data() + view.offset * 4, out.size() * 4);
    return out;
  }
  switch (type) {
    case ElementType::float16: gather<Half>(bytes, swap, view, out); break;
    case ElementType::bfloat16: gather<BFloat>(bytes, swap, view, out); break;
    case ElementType::float32: gather<float>(bytes, swap, view, out); break;
    case ElementType::float64: gather<double>(bytes, swap, view, out); break;
    case ElementType::int8: gather<int8_t>(bytes, swap, view, out); break;
    case ElementType::int16: gather<int16_t>(bytes, swap, view, out); break;
    case ElementType::int32: gather<int32_t>(bytes, swap, view, out); break;
    case ElementType::int64: gather<int64_t>(bytes, swap, view, out); break;
    case ElementType::uint8: gather<uint8_t>(bytes, swap, view, out); break;
    case ElementType::uint16: gather<uint16_t>(bytes, swap, view, out); break;
    case ElementType::uint32: gather<uint32_t>(bytes, swap, view, out); break;
    case ElementType::uint64: gather<uint64_t>(bytes, swap, view, out); break;
    case ElementType::boolean: gather<Boolean>(bytes, swap, view, out); break;
  }
  return out;
}

}  // namespace tessera
