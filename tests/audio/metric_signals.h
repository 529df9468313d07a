// Two coloured noise sources, two imperfect estimates of them and their mixture, exact in float32
// and built from integers only, so that tools/make_metric_vectors.py builds the same ones.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera {

struct MetricSignals {
  std::vector<std::vector<float>> references;
  std::vector<std::vector<float>> estimates;
  std::vector<float> mixture;
};

// Multiples of 2^-15 below 1 from a linear congruential generator.
inline std::vector<float> integer_noise(size_t frames, uint32_t seed) {
  std::vector<float> noise(frames);
  uint32_t state = seed;
  for (float& x : noise) {
    state = state * 1664525U + 1013904223U;
    x = static_cast<float>(static_cast<int32_t>(state >> 16) - 32768) / 32768.0F;
  }
  return noise;
}

// The mean of the last `taps` samples (a power of two).
inline std::vector<float> moving_mean(const std::vector<float>& x, size_t taps) {
  std::vector<float> y(x.size(), 0.0F);
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t k = 0; k < taps && k <= i; ++k) y[i] += x[i - k];
    y[i] /= static_cast<float>(taps);
  }
  return y;
}

inline MetricSignals metric_signals() {
  constexpr size_t kFrames = 20'000;
  const std::vector<float> a = moving_mean(integer_noise(kFrames, 1), 8);
  const std::vector<float> b = moving_mean(integer_noise(kFrames, 2), 4);
  const std::vector<float> noise = integer_noise(kFrames, 3);
  MetricSignals signals{{a, b}, {a, b}, a};
  for (size_t i = 0; i < kFrames; ++i) {
    const float delayed = i < 3 ? 0.0F : a[i - 3];
    signals.estimates[0][i] = delayed / 4 + a[i] + b[i] / 8 + noise[i] / 64;
    signals.estimates[1][i] = b[i] / 2 + delayed / 16 + 0.03125F;
    signals.mixture[i] = a[i] + b[i];
  }
  return signals;
}

}  // namespace tessera
