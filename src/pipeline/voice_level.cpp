#include "pipeline/voice_level.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tessera {
namespace {

constexpr double kHighest = 0.999;

// Sample by sample, so that the sum does not depend on where blocks end.
void add_magnitudes(std::span<const float> samples, double& sum) {
  for (const float x : samples) sum += std::fabs(static_cast<double>(x));
}

}  // namespace

void LevelMeter::add_mixture(std::span<const float> samples) {
  add_magnitudes(samples, mixture_sum_);
}

Result<void> LevelMeter::add(std::span<const std::vector<float>> voices, Peak& peak) const {
  if (voices.empty()) return {};
  for (size_t v = 0; v < voices.size(); ++v) {
    for (size_t i = 0; i < voices[v].size(); ++i) {
      const float x = std::abs(voices[v][i]);
      if (!std::isfinite(x)) {
        return TESSERA_ERROR(
            kInvalidArgument, subject_,
            fmt::format("sample {} of voice {} that the network makes of it is NaN or infinite",
                        peak.samples + static_cast<int64_t>(i), v + 1),
            "check the recording's level, which should be within full scale, and the model's "
            "weights");
      }
      peak.value = std::max(peak.value, x);
    }
  }
  peak.samples += static_cast<int64_t>(voices.front().size());
  return {};
}

Result<void> LevelMeter::add_network_voices(std::span<const std::vector<float>> voices) {
  voice_sums_.resize(voices.size());
  for (size_t v = 0; v < voices.size(); ++v) add_magnitudes(voices[v], voice_sums_[v]);
  return add(voices, network_);
}

Result<void> LevelMeter::add_voices(std::span<const std::vector<float>> voices) {
  return add(voices, recording_);
}

double LevelMeter::factor_to_mixture() const {
  const double voices = std::accumulate(voice_sums_.begin(), voice_sums_.end(), 0.0);
  return voices > 0 ? mixture_sum_ / voices : 1.0;
}

double LevelMeter::factor(VoiceLevel level, std::vector<LevelChange>& changes) const {
  if (level == VoiceLevel::network) return 1;
  if (level == VoiceLevel::mixture) return factor_to_mixture();
  double factor = 1;
  if (network_.value > 1) {
    factor = factor_to_mixture();
    changes.push_back({LevelChange::To::mixture, network_.value, factor});
  }
  const auto peak = static_cast<float>(factor * static_cast<double>(recording_.value));
  if (peak > 1) {
    const double lower = kHighest / static_cast<double>(peak);
    changes.push_back({LevelChange::To::full_scale, peak, lower});
    factor *= lower;
  }
  return factor;
}

}  // namespace tessera
