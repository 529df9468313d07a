#include "pipeline/voice_level.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tessera/metrics.h"

namespace tessera {
namespace {

// Errors: kInvalidArgument.
Result<float> peak_of(std::span<const std::vector<float>> voices, const std::string& subject) {
  float peak = 0;
  for (size_t s = 0; s < voices.size(); ++s) {
    for (size_t i = 0; i < voices[s].size(); ++i) {
      const float x = std::abs(voices[s][i]);
      if (!std::isfinite(x)) {
        return TESSERA_ERROR(
            kInvalidArgument, subject,
            fmt::format("sample {} of voice {} that the network makes of it is NaN or infinite", i,
                        s + 1),
            "check the recording's level, which should be within full scale, and the model's "
            "weights");
      }
      peak = std::max(peak, x);
    }
  }
  return peak;
}

}  // namespace

Result<void> set_level(std::span<const float> mixture, VoiceLevel level, const std::string& subject,
                       Separation& result) {
  TESSERA_TRY(const float peak, peak_of(result.voices, subject));
  const bool is_too_loud = level == VoiceLevel::fit && peak > 1;
  if (level != VoiceLevel::mixture && !is_too_loud) return {};
  const double factor = rescale_to_mixture(result.voices, mixture);
  result.scale *= factor;
  if (is_too_loud) result.level_changes.push_back({LevelChange::To::mixture, peak, factor});
  return {};
}

Result<void> fit_full_scale(VoiceLevel level, const std::string& subject, Separation& result) {
  TESSERA_TRY(const float peak, peak_of(result.voices, subject));
  if (level != VoiceLevel::fit || peak <= 1) return {};
  constexpr float kHighest = 0.999F;
  const float factor = kHighest / peak;
  for (std::vector<float>& voice : result.voices) {
    for (float& sample : voice) sample *= factor;
  }
  result.scale *= static_cast<double>(factor);
  result.level_changes.push_back({LevelChange::To::full_scale, peak, static_cast<double>(factor)});
  return {};
}

}  // namespace tessera
