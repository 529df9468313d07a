#include "bisect/source_references.h"

#include <span>

#include <fmt/format.h>

#include "graph/voices.h"
#include "tessera/metrics.h"

namespace tessera {

Result<void> check_references(const Graph& graph, const Outputs& references) {
  if (references.empty()) return {};
  const Result<VoiceLayout> voices = voice_layout(graph);
  const int sources = voices ? voices->count : 0;
  if (static_cast<int>(references.size()) != sources) {
    return TESSERA_ERROR(kInvalidArgument, "references",
                         fmt::format("{} are given for {} sources", references.size(), sources),
                         "give one recording for each source of the network");
  }
  for (const auto& reference : references) {
    if (static_cast<int64_t>(reference.size()) == voices->samples) continue;
    return TESSERA_ERROR(
        kInvalidArgument, "references",
        fmt::format("one has {} samples, the output {}", reference.size(), voices->samples),
        "give the true sources of the input, sample by sample");
  }
  return {};
}

Result<std::optional<double>> mean_si_snr_db(const Outputs& outputs, const Outputs& references) {
  if (references.empty()) return std::optional<double>();
  const size_t count = references.size();
  const VoiceLayout layout{static_cast<int>(count), static_cast<int64_t>(references[0].size())};
  const std::vector<std::span<const float>> voices = voices_in(layout, outputs);
  std::vector<double> gains;
  for (const auto& reference : references) {
    for (size_t e = 0; e < count; ++e) {
      TESSERA_TRY(const double gain, si_snr_db(voices[e], reference));
      gains.push_back(gain);
    }
  }
  const std::vector<int> best = best_assignment(gains, static_cast<int>(count));
  double sum = 0;
  for (size_t r = 0; r < count; ++r) sum += gains[r * count + static_cast<size_t>(best[r])];
  return std::optional(sum / static_cast<double>(count));
}

}  // namespace tessera
