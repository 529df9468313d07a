#include "cli/voice_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tessera/metrics.h"

namespace tessera::cli {
namespace {

float peak_of(std::span<const std::vector<float>> signals) {
  float peak = 0;
  for (const auto& signal : signals) {
    for (const float x : signal) peak = std::max(peak, std::abs(x));
  }
  return peak;
}

}  // namespace

double scale_voices(std::span<std::vector<float>> voices, std::span<const float> mixture,
                    const VoiceScale& scale, const std::string& path, Console& console) {
  if (scale.to_mixture) return rescale_to_mixture(voices, mixture);
  const float peak = peak_of(voices);
  const bool fits = peak <= 1 || scale.holds_any;
  if (fits || scale.keep) return 1;
  const double factor = rescale_to_mixture(voices, mixture);
  console.note(
      fmt::format("{}: the voices reach {:.1f} times full scale; all are scaled by {:.4f} to the "
                  "mixture's level (--keep-scale or --subtype float keeps the network's own)",
                  path, peak, factor));
  return factor;
}

double fit_full_scale(std::span<std::vector<float>> voices, const VoiceScale& scale,
                      const std::string& path, Console& console) {
  const float peak = peak_of(voices);
  if (peak <= 1 || scale.to_mixture || scale.keep || scale.holds_any) return 1;
  constexpr float kHighest = 0.999F;
  const float factor = kHighest / peak;
  for (std::vector<float>& voice : voices) {
    for (float& sample : voice) sample *= factor;
  }
  console.note(
      fmt::format("{}: at the mixture's level the voices reach {:.2f} times full scale; all are "
                  "scaled by {:.4f} "
                  "so that none is clipped (--subtype float keeps every value)",
                  path, peak, factor));
  return static_cast<double>(factor);
}

}  // namespace tessera::cli
