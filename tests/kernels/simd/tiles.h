// Test data in tiled layout, and the plain loops that the kernels are held to.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "kernels/simd/aligned_buffer.h"
#include "kernels/simd/kernels.h"

namespace tessera::simd::test {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  size_t size(size_t low, size_t high) { return low + engine_() % (high - low + 1); }
  bool coin() { return engine_() % 2 == 0; }
  float value() { return static_cast<float>(engine_() % 20001) / 10000.0f - 1.0f; }
  AlignedBuffer values(size_t count) {
    AlignedBuffer buffer(count);
    for (size_t i = 0; i < count; ++i) buffer.data()[i] = value();
    return buffer;
  }

 private:
  std::mt19937 engine_;
};

inline double activate(double x, Activation activation, double slope) {
  if (activation == Activation::kRelu) return std::max(x, 0.0);
  return activation == Activation::kPrelu && x < 0 ? x * slope : x;
}

// Statistics as doubles: where a kernel writes them, and what they ought to be.
struct StatisticsCheck {
  Statistics kind = Statistics::kNone;
  std::vector<double> sum, square;    // by the kernel
  std::vector<double> sum0, square0;  // by add()

  StatisticsCheck(Statistics statistics, size_t channels, size_t frames) : kind(statistics) {
    const size_t n = kind == Statistics::kPerFrame     ? frames
                     : kind == Statistics::kPerChannel ? channels
                                                       : 1;
    for (auto* v : {&sum, &square, &sum0, &square0}) v->assign(n, 0.0);
  }
  Sums sums() { return {sum.data(), square.data()}; }
  void add(size_t channel, size_t frame, double value) {
    const size_t i = kind == Statistics::kPerFrame     ? frame
                     : kind == Statistics::kPerChannel ? channel
                                                       : 0;
    sum0[i] += value;
    square0[i] += value * value;
  }
  void expect_right() const {
    for (size_t i = 0; kind != Statistics::kNone && i < sum.size(); ++i) {
      ASSERT_NEAR(sum[i], sum0[i], 1e-5 * std::max(1.0, square0[i])) << "sum " << i;
      ASSERT_NEAR(square[i], square0[i], 1e-5 * std::max(1.0, square0[i])) << "square " << i;
    }
  }
};

inline constexpr Statistics kEveryStatistics[] = {Statistics::kNone, Statistics::kTotal,
                                                  Statistics::kPerFrame, Statistics::kPerChannel};
inline constexpr Activation kEveryActivation[] = {Activation::kNone, Activation::kRelu,
                                                  Activation::kPrelu};

}  // namespace tessera::simd::test
