#include "tessera/metrics.h"

#include <cmath>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "audio/metric_signals.h"
#include "audio/tones.h"

namespace tessera {
namespace {

using Values = std::vector<float>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Metrics, AgreeWithNumpyMirEvalAndFastBssEval) {
  const auto vectors =
      nlohmann::json::parse(std::ifstream(TESSERA_SOURCE_DIR "/tests/audio/metric_vectors.json"));
  const double tolerance_db = vectors["tolerance_db"];
  const MetricSignals signals = metric_signals();
  ASSERT_EQ(vectors["rows"].size(), 4U);
  for (const auto& row : vectors["rows"]) {
    const size_t k = row["reference"];
    const Values& reference = signals.references[k];
    const Values& estimate = row["signal"] == "mixture" ? signals.mixture : signals.estimates[k];
    EXPECT_NEAR(*si_snr_db(estimate, reference), row["si_snr_db"], tolerance_db);
    EXPECT_NEAR(*si_snr_db(estimate, reference), row["fast_bss_eval_si_sdr_db"], tolerance_db);
    EXPECT_NEAR(*snr_db(estimate, reference), row["snr_db"], tolerance_db);
    EXPECT_NEAR(*bss_sdr_db(estimate, reference), row["mir_eval_sdr_db"], tolerance_db);
    EXPECT_NEAR(*bss_sdr_db(estimate, reference), row["fast_bss_eval_sdr_db"], tolerance_db);
  }
}

TEST(SiSnr, IgnoresScaleSignAndOffset) {
  const MetricSignals signals = metric_signals();
  Values changed = signals.estimates[0];
  for (float& x : changed) x = -2 * x + 0.25F;
  EXPECT_NEAR(*si_snr_db(changed, signals.references[0]),
              *si_snr_db(signals.estimates[0], signals.references[0]), 1e-4);
}

TEST(Snr, CountsScale) {
  const Values reference = tone(1000, 100, 8000);
  Values half = reference;
  for (float& x : half) x /= 2;
  EXPECT_NEAR(*snr_db(half, reference), 20 * std::log10(2), 1e-9);
}

TEST(BssSdr, AcceptsAFilteredReferenceAsTheTarget) {
  const Values reference = integer_noise(20'000, 7);
  Values filtered(reference.size(), 0.0F);
  for (size_t i = 500; i < filtered.size(); ++i) {
    filtered[i] = 0.5F * reference[i - 500] - reference[i - 10];
  }
  // All but the beginning is a filtered reference.
  EXPECT_GT(*bss_sdr_db(filtered, reference), 15.0);
  EXPECT_LT(*si_snr_db(filtered, reference), -20.0);
}

TEST(BssSdr, IsFiniteForABandLimitedReference) {
  const Values reference = tone(20'000, 440, 48'000);
  Values estimate = reference;
  const Values noise = integer_noise(20'000, 5);
  for (size_t i = 0; i < estimate.size(); ++i) estimate[i] += 0.01F * noise[i];
  const double sdr = *bss_sdr_db(estimate, reference);
  EXPECT_GT(sdr, 30.0);
  EXPECT_LT(sdr, 60.0);
}

TEST(Metrics, AnExactEstimateIsInfinitelyGoodOrNearlySo) {
  const Values reference = metric_signals().references[0];
  EXPECT_EQ(*snr_db(reference, reference), kInfinity);
  EXPECT_GT(*si_snr_db(reference, reference), 200.0);
  EXPECT_EQ(*bss_sdr_db(reference, reference), kInfinity);
}

TEST(Metrics, ASilentEstimateIsInfinitelyBad) {
  const Values reference = tone(1000, 100, 8000);
  const Values silence(1000, 0.0F);
  EXPECT_EQ(*si_snr_db(silence, reference), -kInfinity);
  EXPECT_EQ(*bss_sdr_db(silence, reference), -kInfinity);
  EXPECT_EQ(*snr_db(silence, reference), 0.0);
}

using Metric = Result<double> (*)(std::span<const float>, std::span<const float>);

class EveryMetric : public testing::TestWithParam<Metric> {
 protected:
  std::string refusal(const Values& estimate, const Values& reference) {
    const auto score = GetParam()(estimate, reference);
    return score ? "accepted" : score.error().to_string();
  }
};

TEST_P(EveryMetric, RefusesASilentReference) {
  EXPECT_EQ(refusal({1, 2, 3}, {0, 0, 0}),
            "reference: is silent, so no ratio to it exists (leave this source out)");
}

TEST_P(EveryMetric, RefusesDifferentLengths) {
  EXPECT_EQ(refusal({1, 2}, {1, 2, 3}),
            "estimate: has 2 samples, its reference 3 (compare signals of equal length and rate)");
}

TEST_P(EveryMetric, RefusesNoSamples) {
  EXPECT_EQ(refusal({}, {}), "reference: holds no samples");
}

TEST_P(EveryMetric, RefusesNan) {
  EXPECT_EQ(refusal({1, kNan, 2}, {1, 2, 3}),
            "estimate: sample 1 is NaN or infinite (a score of it has no meaning)");
  EXPECT_EQ(refusal({1, 2, 2}, {1, 2, kNan}),
            "reference: sample 2 is NaN or infinite (a score of it has no meaning)");
}

INSTANTIATE_TEST_SUITE_P(All, EveryMetric, testing::Values(si_snr_db, snr_db, bss_sdr_db));

TEST(SiSnr, RefusesAConstantReference) {
  const auto score = si_snr_db(Values{1, 2, 3}, Values{0.1F, 0.1F, 0.1F});
  ASSERT_FALSE(score);
  EXPECT_EQ(score.error().to_string(),
            "reference: is silent, so no ratio to it exists (leave this source out)");
}

TEST(RescaleToMixture, IsAsteroidsFactor) {
  std::vector<Values> sources = {{1, -1}, {2, 0}};
  EXPECT_EQ(rescale_to_mixture(sources, Values{1, -1}), 0.5);
  EXPECT_EQ(sources, (std::vector<Values>{{0.5, -0.5}, {1, 0}}));
}

TEST(RescaleToMixture, LeavesSilenceAlone) {
  std::vector<Values> sources = {{0, 0}};
  EXPECT_EQ(rescale_to_mixture(sources, Values{1, -1}), 1.0);
  EXPECT_EQ(sources, (std::vector<Values>{{0, 0}}));
}

}  // namespace
}  // namespace tessera
