#include "serve/matrix_profile.h"

#include <gtest/gtest.h>

#include <cmath>
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

// The definition, pair by pair.
double distance_of(const LatentSeries& series, int64_t i, int64_t j, int64_t m) {
  double sum = 0;
  for (int64_t k = 0; k < series.dimensions; ++k) {
    const auto normalised = [&](int64_t begin) {
      std::vector<double> x;
      double mean = 0;
      for (int64_t t = 0; t < m; ++t) x.push_back(series.latent(begin + t)[static_cast<size_t>(k)]);
      for (double v : x) mean += v / static_cast<double>(m);
      double squares = 0;
      for (double& v : x) {
        v -= mean;
        squares += v * v;
      }
      for (double& v : x) v /= std::sqrt(squares / static_cast<double>(m));
      return x;
    };
    const auto a = normalised(i);
    const auto b = normalised(j);
    double squares = 0;
    for (size_t t = 0; t < a.size(); ++t) squares += (a[t] - b[t]) * (a[t] - b[t]);
    sum += std::sqrt(squares);
  }
  return sum / static_cast<double>(series.dimensions);
}

TEST(MatrixProfiles, AreTheNearestOfAllPairs) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    const int64_t m = 2 + seed % 7;
    const LatentSeries series = noise(40 + seed, 1 + seed % 5, seed);
    const auto profile = matrix_profile(series, m);
    ASSERT_TRUE(profile) << profile.error().to_string();
    const int64_t count = series.count() - m + 1;
    ASSERT_EQ(profile->distance.size(), static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) {
      double nearest = std::numeric_limits<double>::infinity();
      for (int64_t j = 0; j < count; ++j) {
        if (std::abs(i - j) >= (m + 1) / 2)
          nearest = std::min(nearest, distance_of(series, i, j, m));
      }
      EXPECT_NEAR(profile->distance[static_cast<size_t>(i)], nearest, 1e-6)
          << "seed " << seed << ", i " << i;
      EXPECT_NEAR(distance_of(series, i, profile->nearest[static_cast<size_t>(i)], m), nearest,
                  1e-6);
    }
  }
}

// By STUMPY 1.x: stumpy.mstump with an exclusion zone of ceil(m / 2), all dimensions (see
// analysis_vectors.h).
TEST(MatrixProfiles, AgreeWithAnotherImplementation) {
  const auto profile = matrix_profile(
      {kVectorDimensions, {std::begin(kVectorLatents), std::end(kVectorLatents)}}, kVectorLength);
  ASSERT_TRUE(profile);
  ASSERT_EQ(profile->distance.size(), std::size(kVectorProfile));
  for (size_t i = 0; i < profile->distance.size(); ++i) {
    EXPECT_NEAR(profile->distance[i], kVectorProfile[i], 1e-6) << i;
    EXPECT_EQ(profile->nearest[i], kVectorNearest[i]) << i;
  }
}

TEST(Motifs, AreFoundWhereTheyWerePut) {
  LatentSeries series = noise(300, 6, 3);
  const LatentSeries pattern = noise(12, 6, 4);
  // At another level and scale each time: the course is what recurs.
  const int64_t places[] = {20, 111, 260};
  for (size_t p = 0; p < 3; ++p) {
    for (size_t i = 0; i < pattern.values.size(); ++i)
      series.values[static_cast<size_t>(places[p] * 6) + i] =
          (1 + static_cast<float>(p)) * pattern.values[i] + 5 * static_cast<float>(p);
  }
  const auto motifs = find_motifs(series, 12, 2);
  ASSERT_TRUE(motifs) << motifs.error().to_string();
  ASSERT_EQ(motifs->size(), 2u);
  EXPECT_LT(motifs->front().distance, 1e-3);
  std::vector<int64_t> found;
  for (const MotifOccurrence& one : motifs->front().occurrences) found.push_back(one.latent);
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (std::vector<int64_t>{20, 111, 260}));
  EXPECT_GT((*motifs)[1].distance, 1);
}

TEST(Motifs, NeverOverlap) {
  for (uint32_t seed = 0; seed < 8; ++seed) {
    const int64_t m = 6;
    const auto motifs = find_motifs(noise(120, 2, seed), m, 100);
    ASSERT_TRUE(motifs);
    std::vector<int64_t> begins;
    double before = 0;
    for (const Motif& motif : *motifs) {
      EXPECT_GE(motif.distance, before);
      before = motif.distance;
      ASSERT_GE(motif.occurrences.size(), 2u);
      for (const MotifOccurrence& one : motif.occurrences) begins.push_back(one.latent);
    }
    std::sort(begins.begin(), begins.end());
    for (size_t i = 1; i < begins.size(); ++i) EXPECT_GE(begins[i] - begins[i - 1], (m + 1) / 2);
  }
}

TEST(Motifs, OfWhatDoesNotMoveAreAllEqualAndNoneIsNaN) {
  LatentSeries still{3, std::vector<float>(90, 7.25F)};
  const auto motifs = find_motifs(still, 4, 3);
  ASSERT_TRUE(motifs);
  ASSERT_FALSE(motifs->empty());
  EXPECT_EQ(motifs->front().distance, 0);
  // One dimension moves: the others add nothing.
  std::mt19937 random(1);
  for (size_t t = 0; t < 30; ++t) still.values[3 * t] = static_cast<float>(random() % 100);
  const auto profile = matrix_profile(still, 4);
  ASSERT_TRUE(profile);
  for (double distance : profile->distance) EXPECT_TRUE(std::isfinite(distance) && distance >= 0);
}

TEST(Motifs, NeedLengthsThatFit) {
  const LatentSeries series = noise(11, 1, 1);
  for (int64_t length :
       {int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{8}, int64_t{11}, int64_t{1} << 40}) {
    const auto motifs = find_motifs(series, length, 1);
    ASSERT_FALSE(motifs) << length;
    EXPECT_EQ(motifs.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(motifs.error().subject, "length");
  }
  EXPECT_TRUE(find_motifs(series, 7, 1));  // 7 and 4 apart: the least that there can be
  EXPECT_FALSE(find_motifs({4, {}}, 2, 1));
}

TEST(Motifs, StopWhenNobodyWaits) {
  int asked = 0;
  const auto motifs = find_motifs(noise(400, 4, 1), 8, 3, [&asked] { return ++asked > 3; });
  ASSERT_FALSE(motifs);
  EXPECT_EQ(motifs.error().code, ErrorCode::kCancelled);
  EXPECT_LE(asked, 5);
}

}  // namespace
}  // namespace tessera
