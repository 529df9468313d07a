#include "serve/synchrony.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "analysis_vectors.h"

namespace tessera {
namespace {

LatentSeries noise(int64_t count, int64_t dimensions, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  LatentSeries series{dimensions, {}};
  for (int64_t i = 0; i < count * dimensions; ++i) series.values.push_back(normal(random));
  return series;
}

// `series` `lag` latents later, noise before it.
LatentSeries delayed(const LatentSeries& series, int64_t lag) {
  LatentSeries later = noise(series.count(), series.dimensions, 99);
  for (int64_t t = lag; t < series.count(); ++t) {
    for (int64_t k = 0; k < series.dimensions; ++k)
      later.values[static_cast<size_t>(t * series.dimensions + k)] =
          series.latent(t - lag)[static_cast<size_t>(k)];
  }
  return later;
}

TEST(SynchronyOf, OneThingWithItselfIsComplete) {
  const LatentSeries a = noise(64, 5, 1);
  const auto found = synchrony(a, a, 8);
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->best_lag, 0);
  EXPECT_NEAR(*found->best_correlation, 1, 1e-12);
  EXPECT_NEAR(*found->phase_locking, 1, 1e-12);
  EXPECT_NEAR(*found->phase_difference, 0, 1e-12);
}

TEST(SynchronyOf, OneThatFollowsTellsByHowMuch) {
  const LatentSeries a = noise(200, 5, 2);
  for (int64_t lag : {1, 4, 9}) {
    const auto follows = synchrony(a, delayed(a, lag), 12);
    ASSERT_TRUE(follows);
    EXPECT_EQ(follows->best_lag, lag);
    EXPECT_GT(*follows->best_correlation, 0.999);
    const auto leads = synchrony(delayed(a, lag), a, 12);
    ASSERT_TRUE(leads);
    EXPECT_EQ(leads->best_lag, -lag);
  }
}

TEST(SynchronyOf, StrangersIsLow) {
  const auto found = synchrony(noise(1000, 8, 3), noise(1000, 8, 4), 10);
  ASSERT_TRUE(found);
  EXPECT_LT(*found->best_correlation, 0.1);
  EXPECT_LT(*found->phase_locking, 0.2);
}

TEST(SynchronyOf, AQuarterOfAPeriodIsAPhase) {
  LatentSeries a{1, {}};
  LatentSeries b{1, {}};
  for (int t = 0; t < 256; ++t) {
    a.values.push_back(static_cast<float>(std::cos(2 * std::numbers::pi * t / 32)));
    b.values.push_back(
        static_cast<float>(std::cos(2 * std::numbers::pi * t / 32 - std::numbers::pi / 2)));
  }
  const auto found = synchrony(a, b, 4);
  ASSERT_TRUE(found);
  EXPECT_NEAR(*found->phase_locking, 1, 1e-6);
  EXPECT_NEAR(*found->phase_difference, std::numbers::pi / 2, 1e-6);
}

// By NumPy and SciPy: Pearson's r lag by lag, scipy.signal.hilbert of the scores on the first right
// singular vector.
TEST(SynchronyOf, AgreesWithAnotherImplementation) {
  const LatentSeries a{kVectorDimensions, {std::begin(kVectorLatents), std::end(kVectorLatents)}};
  const LatentSeries b{kVectorDimensions, {std::begin(kVectorOther), std::end(kVectorOther)}};
  const auto found = synchrony(a, b, kVectorMaxLag);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->correlation.size(), std::size(kVectorCorrelation));
  for (size_t i = 0; i < found->correlation.size(); ++i)
    EXPECT_NEAR(*found->correlation[i], kVectorCorrelation[i], 1e-9) << i;
  EXPECT_NEAR(*found->phase_locking, kVectorPhaseLocking, 1e-7);
  EXPECT_NEAR(*found->phase_difference, kVectorPhaseDifference, 1e-7);
}

TEST(SynchronyOf, WhatDoesNotMoveIsNotANumber) {
  const LatentSeries still{2, std::vector<float>(64, 3.5F)};
  const auto found = synchrony(noise(32, 2, 1), still, 2);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->best_correlation);
  EXPECT_FALSE(found->phase_locking);
  for (const auto& r : found->correlation) EXPECT_FALSE(r);
}

TEST(SynchronyOf, TakesTheEndOfTheLongerOne) {
  const LatentSeries a = noise(40, 2, 1);
  LatentSeries longer = noise(100, 2, 2);
  std::copy(a.values.begin(), a.values.end(),
            longer.values.end() - static_cast<ptrdiff_t>(a.values.size()));
  const auto found = synchrony(a, longer, 3);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count, 40);
  EXPECT_NEAR(*found->best_correlation, 1, 1e-12);
}

TEST(SynchronyOf, NeedsEnoughAndLagsThatFit) {
  const auto subject = [](const Result<Synchrony>& refused) {
    return refused ? std::string("taken") : refused.error().subject;
  };
  EXPECT_EQ(subject(synchrony(noise(15, 1, 1), noise(100, 1, 1), 1)), "session_id");
  EXPECT_EQ(subject(synchrony(noise(20, 1, 1), noise(20, 1, 1), 11)), "max_lag");
  EXPECT_EQ(subject(synchrony(noise(20, 1, 1), noise(20, 1, 1), -1)), "max_lag");
  EXPECT_EQ(subject(synchrony(noise(20, 1, 1), noise(20, 2, 1), 1)), "with");
  EXPECT_TRUE(synchrony(noise(20, 1, 1), noise(20, 1, 1), 10));
}

}  // namespace
}  // namespace tessera
