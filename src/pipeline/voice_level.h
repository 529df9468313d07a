// The level that a separation's voices have.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/result.h"
#include "tessera/separator.h"

namespace tessera {

// What is asked of a recording and its voices to choose their level, block by block.
class LevelMeter {
 public:
  // `subject` names the recording in errors.
  explicit LevelMeter(std::string subject) : subject_(std::move(subject)) {}

  void add_mixture(std::span<const float> samples);
  // At the network's rate, and then at the recording's. Errors: kInvalidArgument for a sample that
  // is NaN or infinite.
  Result<void> add_network_voices(std::span<const std::vector<float>> voices);
  Result<void> add_voices(std::span<const std::vector<float>> voices);

  // One factor for all voices: what is asked for or, with VoiceLevel::fit, what brings voices
  // beyond full scale to the mixture's level, and below full scale where that exceeds it all the
  // same, because the mixture does (recordings in floats) or because resampling makes peaks a
  // little higher. Adds what nobody asked for to `changes`.
  double factor(VoiceLevel level, std::vector<LevelChange>& changes) const;

 private:
  struct Peak {
    float value = 0;
    int64_t samples = 0;  // of each voice so far
  };

  Result<void> add(std::span<const std::vector<float>> voices, Peak& peak) const;
  // As rescale_to_mixture() has it.
  double factor_to_mixture() const;

  std::string subject_;
  double mixture_sum_ = 0;          // of magnitudes, as the next
  std::vector<double> voice_sums_;  // a voice each
  Peak network_;
  Peak recording_;
};

}  // namespace tessera
