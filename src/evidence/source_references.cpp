#include "evidence/source_references.h"

#include <span>

#include <fmt/format.h>

#include "tessera/metrics.h"

namespace tessera {

Result<void> check_references(const Graph& graph, const Outputs& references) {
  if (references.empty()) return {};
  const Shape& shape = graph.node(graph.outputs()[0].node).shape;
  const int64_t sources = graph.outputs().size() == 1 ? shape.c * shape.h : 0;
  if (static_cast<int64_t>(references.size()) != sources) {
    return TESSERA_ERROR(kInvalidArgument, "references",
                         fmt::format("{} are given for {} sources", references.size(), sources),
                         "give one recording for each source of the network");
  }
  for (const auto& reference : references) {
    if (static_cast<int64_t>(reference.size()) == shape.w) continue;
    return TESSERA_ERROR(
        kInvalidArgument, "references",
        fmt::format("one has {} samples, the output {}", reference.size(), shape.w),
        "give the true sources of the input, sample by sample");
  }
  return {};
}

Result<std::optional<double>> mean_si_snr_db(const Outputs& outputs, const Outputs& references) {
  if (references.empty()) return std::optional<double>();
  const size_t count = references.size();
  const size_t each = outputs[0].size() / count;
  std::vector<double> gains;
  for (const auto& reference : references) {
    for (size_t e = 0; e < count; ++e) {
      TESSERA_TRY(const double gain,
                  si_snr_db(std::span(outputs[0]).subspan(e * each, each), reference));
      gains.push_back(gain);
    }
  }
  const std::vector<int> best = best_assignment(gains, static_cast<int>(count));
  double sum = 0;
  for (size_t r = 0; r < count; ++r) sum += gains[r * count + static_cast<size_t>(best[r])];
  return std::optional(sum / static_cast<double>(count));
}

}  // namespace tessera
