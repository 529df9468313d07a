#include "cli/voice_scale.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/counted.h"
#include "tessera/metrics.h"

namespace tessera::cli {
namespace {

// Errors: kInvalidArgument.
Result<float> peak_of(std::span<const std::vector<float>> voices, const std::string& path) {
  float peak = 0;
  for (size_t s = 0; s < voices.size(); ++s) {
    for (size_t i = 0; i < voices[s].size(); ++i) {
      const float x = std::abs(voices[s][i]);
      if (!std::isfinite(x)) {
        return TESSERA_ERROR(
            kInvalidArgument, path,
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

void multiply(std::span<std::vector<float>> voices, float factor) {
  for (std::vector<float>& voice : voices) {
    for (float& sample : voice) sample *= factor;
  }
}

}  // namespace

void ScaleNotes::add(std::string path, float peak, double factor) {
  all_.push_back({std::move(path), peak, factor});
}

std::vector<std::string> ScaleNotes::lines(std::string_view reason, std::string_view advice) const {
  constexpr size_t kTold = 3;
  std::vector<std::string> lines;
  if (all_.size() <= kTold) {
    for (const Scaled& one : all_) {
      lines.push_back(
          fmt::format("{}: the voices reach {:.4g} times full scale; all are scaled by "
                      "{:.4g} {} ({})",
                      one.path, one.peak, one.factor, reason, advice));
    }
    return lines;
  }
  const auto by_peak = [](const Scaled& a, const Scaled& b) { return a.peak < b.peak; };
  const auto by_factor = [](const Scaled& a, const Scaled& b) { return a.factor < b.factor; };
  const Scaled& loudest = *std::max_element(all_.begin(), all_.end(), by_peak);
  const auto [least, most] = std::minmax_element(all_.begin(), all_.end(), by_factor);
  lines.push_back(fmt::format(
      "the voices of {} reach up to {:.4g} times full scale ({}); those of each are scaled by "
      "{:.4g} to {:.4g} {} ({}; --json tells each factor)",
      counted(all_.size(), "recording"), loudest.peak, loudest.path, least->factor, most->factor,
      reason, advice));
  return lines;
}

std::vector<std::string> ScaledVoices::lines() const {
  std::vector<std::string> all = to_mixture.lines(
      "to the mixture's level", "--keep-scale or --subtype float keeps the network's own");
  const std::vector<std::string> more = below_full_scale.lines(
      "from the mixture's level so that none is clipped", "--subtype float keeps every value");
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Result<double> scale_voices(std::span<std::vector<float>> voices, std::span<const float> mixture,
                            const VoiceScale& scale, const std::string& path,
                            ScaledVoices& scaled) {
  TESSERA_TRY(const float peak, peak_of(voices, path));
  if (scale.to_mixture) return rescale_to_mixture(voices, mixture);
  if (peak <= 1 || scale.holds_any || scale.keep) return 1.0;
  const double factor = rescale_to_mixture(voices, mixture);
  scaled.to_mixture.add(path, peak, factor);
  return factor;
}

Result<double> fit_full_scale(std::span<std::vector<float>> voices, const VoiceScale& scale,
                              const std::string& path, ScaledVoices& scaled) {
  TESSERA_TRY(const float peak, peak_of(voices, path));
  if (peak <= 1 || scale.to_mixture || scale.keep || scale.holds_any) return 1.0;
  constexpr float kHighest = 0.999F;
  const float factor = kHighest / peak;
  multiply(voices, factor);
  scaled.below_full_scale.add(path, peak, factor);
  return static_cast<double>(factor);
}

}  // namespace tessera::cli
