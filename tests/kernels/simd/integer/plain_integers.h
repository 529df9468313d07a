// Test data in codes, and the definitions that the integer kernels are held to, bit for bit.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/simd/integer/kernels.h"

namespace tessera::simd::test {

// Bytes aligned as the kernels want panels and weights.
class AlignedBytes {
 public:
  explicit AlignedBytes(size_t bytes) : memory_(bytes + kAlignmentBytes) {
    const auto address = reinterpret_cast<uintptr_t>(memory_.data());
    data_ = memory_.data() + (kAlignmentBytes - address % kAlignmentBytes) % kAlignmentBytes;
  }
  char* data() { return data_; }

 private:
  std::vector<char> memory_;
  char* data_;
};

template <class Body>
void each_integer_set(const Body& body) {
  for (const IntegerKernels& kernels : all_integer_kernels()) {
    SCOPED_TRACE(kernels.instruction_set);
    body(kernels);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

class RandomCodes {
 public:
  explicit RandomCodes(uint32_t seed) : engine_(seed) {}
  int64_t integer(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine_() % static_cast<uint64_t>(high - low + 1));
  }
  bool chance(double probability) {
    return static_cast<double>(engine_() % 1000) < probability * 1000;
  }
  float uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(engine_() % 65536) / 65536.0f;
  }
  // Every fourth one at an end of its range.
  int32_t code(Format format) {
    const int32_t low = format == Format::kCode16 ? -32768 : 0;
    const int32_t high = format == Format::kCode16 ? 32767 : 255;
    if (chance(0.25)) return chance(0.5) ? low : high;
    return static_cast<int32_t>(integer(low, high));
  }
  int8_t weight() {
    return static_cast<int8_t>(chance(0.3) ? (chance(0.5) ? -127 : 127) : integer(-127, 127));
  }
  CodeScale scale(Format format, float least, float most) {
    CodeScale codes;
    codes.scale = uniform(least, most);
    codes.inverse = chance(0.8) ? inverse_of(codes.scale) : 0.0f;
    codes.lowest = format == Format::kCode16 ? -32768 : 0;
    codes.highest = format == Format::kCode16 ? 32767 : 255;
    codes.zero_point = code(format);
    return codes;
  }

 private:
  std::mt19937 engine_;
};

// Codes or floats of any format, with room behind them that nobody may write.
class Cells {
 public:
  static constexpr size_t kGuard = 64;

  Cells(Format format, size_t count) : format_(format), count_(count) {
    bytes_.assign((count + kGuard) * bytes_of(format), 0x5A);
  }
  void* data() { return bytes_.data(); }
  Format format() const { return format_; }
  void set(size_t i, int32_t code) {
    if (format_ == Format::kCode8) {
      bytes_[i] = static_cast<uint8_t>(code);
    } else {
      const auto wide = static_cast<int16_t>(code);
      std::memcpy(&bytes_[i * 2], &wide, 2);
    }
  }
  int32_t code(size_t i) const {
    if (format_ == Format::kCode8) return bytes_[i];
    int16_t wide = 0;
    std::memcpy(&wide, &bytes_[i * 2], 2);
    return wide;
  }
  float value(size_t i) const {
    float x = 0;
    std::memcpy(&x, &bytes_[i * 4], 4);
    return x;
  }
  void fill(RandomCodes& random) {
    for (size_t i = 0; i < count_; ++i) set(i, random.code(format_));
  }
  void expect_guard_untouched() const {
    for (size_t i = count_ * bytes_of(format_); i < bytes_.size(); ++i) ASSERT_EQ(bytes_[i], 0x5A);
  }

 private:
  Format format_;
  size_t count_;
  std::vector<uint8_t> bytes_;
};

// saturate(round_half_even(steps) + zero_point), as the standard library rounds.
inline int32_t plain_code(float steps, const CodeScale& codes) {
  if (std::isnan(steps)) return codes.lowest;
  const double code = std::nearbyint(static_cast<double>(steps)) + codes.zero_point;
  if (code <= codes.lowest) return codes.lowest;
  return code >= codes.highest ? codes.highest : static_cast<int32_t>(code);
}

// Requantize in scalars, with storage for its arrays.
struct PlainRequantize {
  PlainRequantize(Format format, size_t out, RandomCodes& random) {
    for (size_t o = 0; o < out; ++o) {
      bias.push_back(static_cast<int32_t>(random.integer(-100000, 100000)));
      gain.push_back(random.uniform(1e-5f, 1e-3f));
      slopes.push_back(random.uniform(-0.5f, 1.5f));
      codes.push_back(random.scale(format, 0.01f, 0.5f));
    }
    requantize.format = format;
    requantize.bias = bias.data();
    requantize.gain = gain.data();
    requantize.slopes = slopes.data();
    requantize.codes = format == Format::kFloat ? nullptr : codes.data();
    requantize.activation = static_cast<Activation>(random.integer(0, 2));
    requantize.divide = random.chance(0.5);
  }
  PlainRequantize(const PlainRequantize&) = delete;
  PlainRequantize& operator=(const PlainRequantize&) = delete;

  float value(size_t o, int64_t accumulator) const {
    const auto wrapped = static_cast<int32_t>(static_cast<uint32_t>(accumulator + bias[o]));
    float x = static_cast<float>(wrapped) * gain[o];
    if (requantize.activation == Activation::kRelu) x = x < 0 ? 0.0f : x;
    if (requantize.activation == Activation::kPrelu) x = x >= 0 ? x : slopes[o] * x;
    return x;
  }
  void expect(const Cells& cells, size_t i, size_t o, int64_t accumulator) const {
    const float x = value(o, accumulator);
    if (requantize.format == Format::kFloat) {
      ASSERT_EQ(cells.value(i), x);
    } else {
      ASSERT_EQ(cells.code(i), plain_code(requantize.divide ? x / codes[o].scale : x, codes[o]));
    }
  }

  std::vector<int32_t> bias;
  std::vector<float> gain;
  std::vector<float> slopes;
  std::vector<CodeScale> codes;
  Requantize requantize;
};

inline constexpr Format kEveryFormat[] = {Format::kFloat, Format::kCode8, Format::kCode16};
inline constexpr Format kCodeFormats[] = {Format::kCode8, Format::kCode16};

}  // namespace tessera::simd::test
