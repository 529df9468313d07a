#include "cli/scale_notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"

namespace tessera::cli {

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

void ScaledVoices::add(const std::string& path, std::span<const LevelChange> changes) {
  for (const LevelChange& change : changes) {
    ScaleNotes& notes = change.to == LevelChange::To::mixture ? to_mixture_ : below_full_scale_;
    notes.add(path, change.peak, change.factor);
  }
}

std::vector<std::string> ScaledVoices::lines() const {
  std::vector<std::string> all = to_mixture_.lines(
      "to the mixture's level", "--keep-scale or --subtype float keeps the network's own");
  const std::vector<std::string> more = below_full_scale_.lines(
      "from the mixture's level so that none is clipped", "--subtype float keeps every value");
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace tessera::cli
