// The basis that is chosen, against what rounding to 8 bits does to random streams.
#include "quantize/channel_basis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "support/random_basis.h"

namespace tessera::quantization {
namespace {

constexpr int64_t kChannels = 24;
constexpr int64_t kOutputs = 40;
constexpr int64_t kFrames = 400;

// Gaussian channels read by a random matrix, both seen through `basis`.
struct Example {
  Tensor weight;
  Tensor bias;
  std::vector<float> frames;

  explicit Example(const ChannelBasis& basis, uint32_t seed = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    const auto n = static_cast<size_t>(kChannels);
    std::vector<float> rows;
    for (int64_t o = 0; o < kOutputs; ++o) {
      std::vector<double> row(n);
      for (double& w : row) w = normal(random);
      for (size_t c = 0; c < n; ++c) {
        double sum = 0;
        for (size_t k = 0; k < n; ++k) sum += row[k] * basis.inverse[k * n + c];
        rows.push_back(static_cast<float>(sum));
      }
    }
    weight = Tensor({kOutputs, kChannels, 1, 1}, std::move(rows));
    for (int64_t f = 0; f < kFrames; ++f) {
      std::vector<double> x(n);
      for (double& v : x) v = normal(random);
      for (size_t c = 0; c < n; ++c) {
        double sum = 0;
        for (size_t k = 0; k < n; ++k) sum += basis.matrix[c * n + k] * x[k];
        frames.push_back(static_cast<float>(sum));
      }
    }
  }
  std::vector<StreamValue> values() const { return {{frames, {{&weight, &bias, 1}}}}; }

  // Signal over error behind the reader in dB, of channels rounded to 255 steps of their ranges
  // after `basis`.
  double rounded_db(const ChannelBasis& basis) const {
    const auto n = static_cast<size_t>(kChannels);
    std::vector<double> y(frames.size(), 0);
    std::vector<double> peak(n, 0);
    for (size_t f = 0; f < static_cast<size_t>(kFrames); ++f) {
      for (size_t c = 0; c < n; ++c) {
        for (size_t k = 0; k < n; ++k)
          y[f * n + c] += basis.matrix[c * n + k] * static_cast<double>(frames[f * n + k]);
        peak[c] = std::max(peak[c], std::abs(y[f * n + c]));
      }
    }
    double signal = 0;
    double error = 0;
    for (size_t f = 0; f < static_cast<size_t>(kFrames); ++f) {
      std::vector<double> back(n, 0);
      for (size_t c = 0; c < n; ++c) {
        const double step = peak[c] / 127;
        const double rounded = step > 0 ? std::nearbyint(y[f * n + c] / step) * step : 0;
        for (size_t k = 0; k < n; ++k) back[k] += basis.inverse[k * n + c] * rounded;
      }
      for (size_t o = 0; o < static_cast<size_t>(kOutputs); ++o) {
        double want = 0;
        double off = 0;
        for (size_t k = 0; k < n; ++k) {
          const auto w = static_cast<double>(weight[static_cast<int64_t>(o * n + k)]);
          want += w * static_cast<double>(frames[f * n + k]);
          off += w * (back[k] - static_cast<double>(frames[f * n + k]));
        }
        signal += want * want;
        error += off * off;
      }
    }
    return 10 * std::log10(signal / error);
  }
};

ChannelBasis identity() {
  ChannelBasis basis{std::vector<double>(kChannels * kChannels, 0), {}};
  for (int64_t i = 0; i < kChannels; ++i) basis.matrix[static_cast<size_t>(i * kChannels + i)] = 1;
  basis.inverse = basis.matrix;
  return basis;
}

TEST(ChooseBasis, GivesBackWhatABadBasisTook) {
  const double plain_db = Example(identity()).rounded_db(identity());
  for (const double condition : {30.0, 300.0}) {
    const Example hard(test::random_basis(kChannels, condition, 2));
    const double before_db = hard.rounded_db(identity());
    const auto choice = choose_basis(kChannels, hard.values());
    ASSERT_TRUE(choice.has_value()) << condition;
    const double after_db = hard.rounded_db(choice->basis);
    EXPECT_GT(after_db, plain_db - 1.5) << condition;
    EXPECT_NEAR(choice->gain_db, after_db - before_db, 2.5) << condition;
  }
}

TEST(ChooseBasis, LeavesAGoodBasisAlone) {
  EXPECT_FALSE(choose_basis(kChannels, Example(identity()).values()).has_value());
}

TEST(ChooseBasis, ComesWithItsInverse) {
  const auto choice =
      choose_basis(kChannels, Example(test::random_basis(kChannels, 1000, 3)).values());
  ASSERT_TRUE(choice.has_value());
  const auto n = static_cast<size_t>(kChannels);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      double sum = 0;
      for (size_t k = 0; k < n; ++k)
        sum += choice->basis.matrix[i * n + k] * choice->basis.inverse[k * n + j];
      EXPECT_NEAR(sum, i == j ? 1 : 0, 1e-9);
    }
  }
}

TEST(ChooseBasis, LeavesSilenceAndWhatIsNotFiniteAlone) {
  Example silent(identity());
  std::fill(silent.frames.begin(), silent.frames.end(), 0.0F);
  EXPECT_FALSE(choose_basis(kChannels, silent.values()).has_value());
  Example infinite(test::random_basis(kChannels, 100, 2));
  infinite.frames[3] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(choose_basis(kChannels, infinite.values()).has_value());
  EXPECT_FALSE(choose_basis(kChannels, {}).has_value());
}

// Channels that are 0 throughout, and copies of others, leave no matrix to invert.
TEST(ChooseBasis, BearsDeadAndRepeatedChannels) {
  Example example(test::random_basis(kChannels, 100, 4));
  for (size_t f = 0; f < static_cast<size_t>(kFrames); ++f) {
    float* frame = example.frames.data() + f * kChannels;
    frame[0] = 0;
    frame[1] = frame[2];
  }
  const auto choice = choose_basis(kChannels, example.values());
  ASSERT_TRUE(choice.has_value());
  EXPECT_GT(example.rounded_db(choice->basis), example.rounded_db(identity()) + 3);
}

}  // namespace
}  // namespace tessera::quantization
