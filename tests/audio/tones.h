// Signals for tests.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

namespace tessera {

inline std::vector<float> tone(size_t frames, double frequency_hz, double sample_rate_hz,
                               double amplitude = 0.5) {
  std::vector<float> samples(frames);
  for (size_t i = 0; i < frames; ++i) {
    const double phase =
        2.0 * std::numbers::pi * frequency_hz * static_cast<double>(i) / sample_rate_hz;
    samples[i] = static_cast<float>(amplitude * std::sin(phase));
  }
  return samples;
}

}  // namespace tessera
