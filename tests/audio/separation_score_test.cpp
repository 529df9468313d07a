#include <algorithm>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "audio/metric_signals.h"
#include "tessera/metrics.h"

namespace tessera {
namespace {

using Values = std::vector<float>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string refusal(const std::vector<Values>& estimates, const std::vector<Values>& references,
                    const Values& mixture = {}) {
  const auto score = score_separation(estimates, references, mixture);
  return score ? "accepted" : score.error().to_string();
}

TEST(SeparationScore, FindsThePermutationAndTheImprovement) {
  const MetricSignals signals = metric_signals();
  const std::vector<Values> swapped = {signals.estimates[1], signals.estimates[0]};
  const auto score = score_separation(swapped, signals.references, signals.mixture);
  ASSERT_TRUE(score) << score.error().to_string();
  EXPECT_EQ(score->sources[0].estimate, 1);
  EXPECT_EQ(score->sources[1].estimate, 0);
  const double own = *si_snr_db(signals.estimates[0], signals.references[0]);
  EXPECT_EQ(score->sources[0].si_snr_db, own);
  EXPECT_EQ(score->sources[0].sdr_db, *bss_sdr_db(signals.estimates[0], signals.references[0]));
  EXPECT_EQ(score->sources[0].snr_db, *snr_db(signals.estimates[0], signals.references[0]));
  EXPECT_EQ(score->sources[0].si_snr_improvement_db,
            own - *si_snr_db(signals.mixture, signals.references[0]));
  EXPECT_EQ(score->mean_si_snr_db, (score->sources[0].si_snr_db + score->sources[1].si_snr_db) / 2);
  EXPECT_GT(*score->mean_sdr_improvement_db, 0.0);
}

TEST(SeparationScore, HasNoImprovementWithoutAMixture) {
  const MetricSignals signals = metric_signals();
  const auto score = score_separation(signals.estimates, signals.references);
  ASSERT_TRUE(score);
  EXPECT_FALSE(score->mean_si_snr_improvement_db.has_value());
  EXPECT_FALSE(score->sources[0].sdr_improvement_db.has_value());
}

TEST(SeparationScore, KeepsTheOrderOfSilentEstimates) {
  const MetricSignals signals = metric_signals();
  const std::vector<Values> silent(2, Values(signals.mixture.size(), 0.0F));
  const auto score = score_separation(silent, signals.references);
  ASSERT_TRUE(score);
  EXPECT_EQ(score->sources[0].estimate, 0);
  EXPECT_EQ(score->mean_si_snr_db, -kInfinity);
}

TEST(SeparationScore, RefusesAnotherNumberOfEstimates) {
  EXPECT_EQ(refusal({{1, 2}}, {{1, 2}, {2, 1}}),
            "score: 1 estimates cannot be assigned to 2 references"
            " (give one estimate for each reference)");
  EXPECT_EQ(refusal({}, {}),
            "score: 0 estimates cannot be assigned to 0 references"
            " (give one estimate for each reference)");
}

TEST(SeparationScore, RefusesTooManySources) {
  const std::vector<Values> many(9, Values{1, 2});
  EXPECT_EQ(refusal(many, many), "score: 9 sources are more than the limit of 8");
}

TEST(SeparationScore, NamesTheSourceAtFault) {
  EXPECT_EQ(refusal({{1, 2}, {1, 2, 3}}, {{1, 2}, {2, 1}}),
            "estimate 2: has 3 samples, its reference 2"
            " (compare signals of equal length and rate)");
  EXPECT_EQ(refusal({{1, 2}, {1, 3}}, {{1, 2}, {0, 0}}),
            "reference 2: is silent, so no ratio to it exists (leave this source out)");
}

TEST(SeparationScore, RefusesAMixtureThatCannotBeCompared) {
  EXPECT_EQ(refusal({{1, 2}}, {{1, 2}}, {1, 2, 3}),
            "mixture: has 3 samples, reference 1 has 2"
            " (compare signals of equal length and rate)");
  EXPECT_EQ(refusal({{1, 2}}, {{1, 2}}, {0, 0}),
            "mixture: is silent, so no improvement over it exists (leave it out)");
  EXPECT_EQ(refusal({{1, 2}}, {{1, 2}}, {1, static_cast<float>(kInfinity)}),
            "mixture: sample 1 is NaN or infinite (a score of it has no meaning)");
}

double sum_of(const std::vector<double>& gain, const std::vector<int>& assignment) {
  double sum = 0.0;
  for (size_t row = 0; row < assignment.size(); ++row) {
    sum += gain[row * assignment.size() + static_cast<size_t>(assignment[row])];
  }
  return sum;
}

TEST(BestAssignment, EqualsTheBestOfAllPermutations) {
  for (int size = 1; size <= 7; ++size) {
    const auto count = static_cast<size_t>(size);
    const Values noise = integer_noise(count * count, static_cast<uint32_t>(size));
    const std::vector<double> gain(noise.begin(), noise.end());
    std::vector<int> permutation(count);
    std::iota(permutation.begin(), permutation.end(), 0);
    double best = -kInfinity;
    do {
      best = std::max(best, sum_of(gain, permutation));
    } while (std::next_permutation(permutation.begin(), permutation.end()));
    EXPECT_NEAR(sum_of(gain, best_assignment(gain, size)), best, 1e-12) << size;
  }
}

TEST(BestAssignment, BreaksTiesInDictionaryOrder) {
  EXPECT_EQ(best_assignment(std::vector<double>(9, 1.0), 3), (std::vector<int>{0, 1, 2}));
}

TEST(BestAssignment, TakesInfinitiesOfBothSigns) {
  const std::vector<double> gain = {kInfinity, 5, 5, -kInfinity};
  EXPECT_EQ(best_assignment(gain, 2), (std::vector<int>{1, 0}));
}

}  // namespace
}  // namespace tessera
