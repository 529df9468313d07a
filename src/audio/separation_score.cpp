#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "tessera/metrics.h"

namespace tessera {
namespace {

// Beyond any ratio of finite doubles: keeps sums of infinities apart from each other and from NaN.
constexpr double kInfiniteDb = 1e6;

Error named(Error error, size_t estimate, size_t reference) {
  error.subject = error.subject == "reference" ? fmt::format("reference {}", reference + 1)
                                               : fmt::format("estimate {}", estimate + 1);
  return error;
}

// SI-SNR of every estimate (column) against every reference (row).
Result<std::vector<double>> all_pairs(std::span<const std::vector<float>> estimates,
                                      std::span<const std::vector<float>> references) {
  std::vector<double> gain;
  for (size_t r = 0; r < references.size(); ++r) {
    for (size_t e = 0; e < estimates.size(); ++e) {
      auto score = si_snr_db(estimates[e], references[r]);
      if (!score) return named(std::move(score).error(), e, r);
      gain.push_back(*score);
    }
  }
  return gain;
}

Result<SourceScore> score_source(std::span<const float> estimate, std::span<const float> reference,
                                 std::span<const float> mixture) {
  SourceScore score;
  TESSERA_TRY(score.si_snr_db, si_snr_db(estimate, reference));
  TESSERA_TRY(score.sdr_db, bss_sdr_db(estimate, reference));
  TESSERA_TRY(score.snr_db, snr_db(estimate, reference));
  if (mixture.empty()) return score;
  TESSERA_TRY(const double mixture_si_snr_db, si_snr_db(mixture, reference));
  TESSERA_TRY(const double mixture_sdr_db, bss_sdr_db(mixture, reference));
  score.si_snr_improvement_db = score.si_snr_db - mixture_si_snr_db;
  score.sdr_improvement_db = score.sdr_db - mixture_sdr_db;
  return score;
}

void add_means(SeparationScore& score, bool with_mixture) {
  const auto mean = [&](auto&& field) {
    double sum = 0.0;
    for (const SourceScore& source : score.sources) sum += field(source);
    return sum / static_cast<double>(score.sources.size());
  };
  score.mean_si_snr_db = mean([](const SourceScore& s) { return s.si_snr_db; });
  score.mean_sdr_db = mean([](const SourceScore& s) { return s.sdr_db; });
  score.mean_snr_db = mean([](const SourceScore& s) { return s.snr_db; });
  if (!with_mixture) return;
  score.mean_si_snr_improvement_db =
      mean([](const SourceScore& s) { return *s.si_snr_improvement_db; });
  score.mean_sdr_improvement_db = mean([](const SourceScore& s) { return *s.sdr_improvement_db; });
}

Result<void> check_counts(size_t estimates, size_t references) {
  if (estimates != references || references == 0) {
    return TESSERA_ERROR(
        kMismatch, "score",
        fmt::format("{} estimates cannot be assigned to {} references", estimates, references),
        "give one estimate for each reference");
  }
  if (references > kMaxScoredSources) {
    return TESSERA_ERROR(
        kResourceLimit, "score",
        fmt::format("{} sources are more than the limit of {}", references, kMaxScoredSources), "");
  }
  return {};
}

}  // namespace

std::vector<int> best_assignment(std::span<const double> gain, int size) {
  // best[used] = largest sum for the last rows when the columns in `used` are taken by the first
  // rows.
  const size_t subsets = size_t{1} << size;
  const auto clamped = [&](int row, int column) {
    const double value = gain[static_cast<size_t>(row * size + column)];
    TESSERA_CHECK(value == value, "a gain is a number");
    return std::clamp(value, -kInfiniteDb, kInfiniteDb);
  };
  std::vector<double> best(subsets, 0.0);
  std::vector<int> choice(subsets, 0);
  for (size_t used = subsets - 1; used-- > 0;) {
    const int row = __builtin_popcountll(used);
    best[used] = -std::numeric_limits<double>::infinity();
    for (int column = 0; column < size; ++column) {
      const size_t bit = size_t{1} << column;
      if ((used & bit) != 0) continue;
      const double sum = clamped(row, column) + best[used | bit];
      if (sum > best[used]) {
        best[used] = sum;
        choice[used] = column;
      }
    }
  }
  std::vector<int> assignment;
  for (size_t used = 0; used != subsets - 1; used |= size_t{1} << assignment.back()) {
    assignment.push_back(choice[used]);
  }
  return assignment;
}

Result<SeparationScore> score_separation(std::span<const std::vector<float>> estimates,
                                         std::span<const std::vector<float>> references,
                                         std::span<const float> mixture) {
  TESSERA_TRY_VOID(check_counts(estimates.size(), references.size()));
  if (!mixture.empty() && mixture.size() != references.front().size()) {
    return TESSERA_ERROR(kMismatch, "mixture",
                         fmt::format("has {} samples, reference 1 has {}", mixture.size(),
                                     references.front().size()),
                         "compare signals of equal length and rate");
  }
  if (!mixture.empty() &&
      std::all_of(mixture.begin(), mixture.end(), [&](float x) { return x == mixture.front(); })) {
    return TESSERA_ERROR(kInvalidArgument, "mixture", "is silent, so no improvement over it exists",
                         "leave it out");
  }
  TESSERA_TRY(const std::vector<double> gain, all_pairs(estimates, references));
  const std::vector<int> assignment = best_assignment(gain, static_cast<int>(references.size()));
  SeparationScore score;
  for (size_t r = 0; r < references.size(); ++r) {
    const auto e = static_cast<size_t>(assignment[r]);
    auto source = score_source(estimates[e], references[r], mixture);
    if (!source) {
      Error error = std::move(source).error();
      // The pair passed before, so what fails now is the mixture, which stands in the estimate's
      // place.
      error.subject = error.subject == "estimate" ? "mixture" : fmt::format("reference {}", r + 1);
      return error;
    }
    source->estimate = assignment[r];
    score.sources.push_back(*std::move(source));
  }
  add_means(score, !mixture.empty());
  return score;
}

}  // namespace tessera
