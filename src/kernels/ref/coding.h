// Codes in memory and how they turn into numbers and back: the arithmetic all integer kernels
// share, one definition for every instruction set.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/op.h"

namespace tessera::integer {

// Encodings of 8 bits lie in memory as uint8_t, of 16 bits as int16_t; codes of the other
// signedness are moved by half the range, and their zero points with them, which changes no value.
using Code8 = uint8_t;
using Code16 = int16_t;

// A ValueEncoding as kernels read it: an entry for every channel, in terms of codes in memory.
struct Coding {
  bool is_int16 = false;  // Code16
  int32_t lowest = 0;
  int32_t highest = 0;
  std::vector<float> scale;
  std::vector<int32_t> zero_point;

  int64_t code_bytes() const { return is_int16 ? 2 : 1; }
  friend bool operator==(const Coding&, const Coding&) = default;
};
Coding make_coding(const ValueEncoding& encoding, int64_t channels);

// Codes [C, H, W], row-major.
template <typename Code>
struct CodeSource {
  const Code* codes = nullptr;
  Shape shape;

  const Code* row(int64_t c, int64_t h) const { return codes + (c * shape.h + h) * shape.w; }
};
template <typename Code>
struct CodeTarget {
  Code* codes = nullptr;
  Shape shape;

  Code* row(int64_t c, int64_t h) const { return codes + (c * shape.h + h) * shape.w; }
};

// Half to even for |x| < 2^22: the sum has no room for a fraction. Plain float arithmetic, so it
// vectorises and is the same everywhere.
inline float round_half_even(float x) {
  constexpr float kOneAndAHalf = 12582912.0F;  // 1.5 * 2^23
  return (x + kOneAndAHalf) - kOneAndAHalf;
}

// saturate(round_half_even(steps) + zero_point); NaN becomes the lowest code.
inline int32_t code_of(float steps, int32_t zero_point, int32_t lowest, int32_t highest) {
  const auto low = static_cast<float>(lowest - zero_point);
  const auto high = static_cast<float>(highest - zero_point);
  float clamped = steps > low ? steps : low;
  clamped = clamped < high ? clamped : high;
  return static_cast<int32_t>(round_half_even(clamped)) + zero_point;
}

}  // namespace tessera::integer
