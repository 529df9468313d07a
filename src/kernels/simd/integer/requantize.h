// What becomes of the accumulators of an integer convolution before they are stored:
//   v = (acc + bias) * gain,  v = act(v),  v = v / scale where there is one, and then either v or
//   saturate(round_half_even(v) + zero_point).
// Float32 throughout, one rounding per operation: the same bits on every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simd/tile.h"

namespace tessera::simd {

// How values lie in memory.
enum class Format : uint8_t { kFloat, kCode8, kCode16 };  // float, uint8_t, int16_t

constexpr size_t bytes_of(Format format) {
  return format == Format::kFloat ? 4 : (format == Format::kCode16 ? 2 : 1);
}

// How one channel of codes stands for numbers: (code - zero_point) * scale.
struct CodeScale {
  float scale = 1.0f;
  // 1 / scale where a quotient may be formed with it (inverse_of), else 0: divide.
  float inverse = 0.0f;
  int32_t zero_point = 0;
  int32_t lowest = 0;
  int32_t highest = 255;
};

// 1 / scale if x / scale comes out correctly rounded from it by two steps of Newton's method
// (Markstein 1990) for every quotient that matters: nothing may underflow. Else 0.
inline float inverse_of(float scale) {
  constexpr float kFarthest = 1.152921504606847e18f;  // 2^60
  return scale >= 1.0f / kFarthest && scale <= kFarthest ? 1.0f / scale : 0.0f;
}

// Arrays have an entry per output channel.
struct Requantize {
  Format format = Format::kFloat;
  const int32_t* bias = nullptr;  // zero points of the operand are folded in, modulo 2^32
  const float* gain = nullptr;
  Activation activation = Activation::kNone;
  const float* slopes = nullptr;     // for kPrelu
  bool divide = false;               // by codes[o].scale
  const CodeScale* codes = nullptr;  // unless kFloat
};

}  // namespace tessera::simd
