// Multiplication by a real number in 32-bit fixed point, as TensorFlow Lite's reference kernels
// round it: twice, the high half of the doubled product to nearest with halves away from zero
// (gemmlowp's SaturatingRoundingDoublingHighMul), then the shift to the right in the same way.
// Builds of TensorFlow Lite with TFLITE_SINGLE_ROUNDING differ by one in rare cases.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace tessera::integer::tflite {

// fraction * 2^(shift - 31).
struct Multiplier {
  int32_t fraction = 0;
  int32_t shift = 0;
  friend bool operator==(const Multiplier&, const Multiplier&) = default;
};

// The nearest to `real`, which may be negative; 0 below 2^-32, the largest there is from 2^30 on.
inline Multiplier multiplier_of(double real) {
  if (real == 0) return {};
  if (!(std::abs(real) < static_cast<double>(1 << 30))) {
    constexpr int32_t kLargest = std::numeric_limits<int32_t>::max();
    return {real > 0 ? kLargest : -kLargest, 30};
  }
  int shift = 0;
  const double fraction = std::frexp(real, &shift);
  auto fixed = static_cast<int64_t>(std::round(fraction * static_cast<double>(int64_t{1} << 31)));
  if (std::abs(fixed) == int64_t{1} << 31) {
    fixed /= 2;
    ++shift;
  }
  if (shift < -31) return {};
  return {static_cast<int32_t>(fixed), shift};
}

// x*fraction / 2^31 to nearest, halves away from zero.
inline int32_t doubled_high_product(int32_t x, int32_t fraction) {
  constexpr int32_t kLowest = std::numeric_limits<int32_t>::min();
  if (x == kLowest && fraction == kLowest) return std::numeric_limits<int32_t>::max();
  const int64_t product = static_cast<int64_t>(x) * fraction;
  const int64_t nudge = product >= 0 ? int64_t{1} << 30 : 1 - (int64_t{1} << 30);
  return static_cast<int32_t>((product + nudge) / (int64_t{1} << 31));
}

// x / 2^exponent to nearest, halves away from zero; 0 <= exponent <= 31.
inline int32_t shifted_right(int32_t x, int32_t exponent) {
  const auto mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

// x * m. Large products wrap, as they do there.
inline int32_t multiply(int32_t x, Multiplier m) {
  const int32_t left = m.shift > 0 ? m.shift : 0;
  const int32_t right = m.shift > 0 ? 0 : -m.shift;
  const auto moved = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  return shifted_right(doubled_high_product(moved, m.fraction), right);
}

// x * m for accumulators of 64 bits: a multiplier of 16 bits, rounded once, halves up. m is below
// 2^14.
inline int32_t multiply(int64_t x, Multiplier m) {
  const int32_t reduced = m.fraction < 0x7FFF0000 ? (m.fraction + (1 << 15)) >> 16 : 0x7FFF;
  const int32_t shift = m.shift < 15 ? 15 - m.shift : 1;
  return static_cast<int32_t>((x * reduced + (int64_t{1} << (shift - 1))) >> shift);
}

}  // namespace tessera::integer::tflite
