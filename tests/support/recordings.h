// Recordings for tests of whole separations.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tessera/audio.h"

namespace tessera::test {

inline const std::string kDemoNetwork = TESSERA_SOURCE_DIR "/models/convtasnet_demo_gln_8k.pth";

// A sawtooth of another pitch on each channel.
inline AudioBuffer sawtooth(int sample_rate, int64_t frames, int channels = 1) {
  AudioBuffer audio{sample_rate, {}};
  for (int c = 0; c < channels; ++c) {
    std::vector<float> samples(static_cast<size_t>(frames));
    for (size_t i = 0; i < samples.size(); ++i)
      samples[i] = 0.3F * static_cast<float>((i * static_cast<size_t>(7 + c)) % 23) / 23 - 0.15F;
    audio.channels.push_back(std::move(samples));
  }
  return audio;
}

// Noise within a half of full scale, the same on every machine.
inline std::vector<float> random_wave(int64_t samples, uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<float> wave(static_cast<size_t>(samples));
  for (float& x : wave) x = static_cast<float>(engine() % 65536) / 65536 - 0.5F;
  return wave;
}

}  // namespace tessera::test
