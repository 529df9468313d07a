#include "tessera/audio.h"

#include <cmath>

#include <gtest/gtest.h>

#include "audio/tones.h"

namespace tessera {
namespace {

AudioBuffer mono(std::vector<float> samples, int rate) {
  AudioBuffer audio;
  audio.sample_rate = rate;
  audio.channels.push_back(std::move(samples));
  return audio;
}

TEST(ResampledFrames, RoundsHalfUp) {
  EXPECT_EQ(resampled_frames(3, 16'000, 8000), 2);
  EXPECT_EQ(resampled_frames(1, 44'100, 8000), 0);
  EXPECT_EQ(resampled_frames(176'400, 44'100, 8000), 32'000);
  EXPECT_EQ(resampled_frames(int64_t{1} << 50, 44'100, 192'000), 4901877145437275);
}

struct Rates {
  int src;
  int dst;
};

class ResampleTest : public testing::TestWithParam<Rates> {};

// A tone far below both Nyquist rates comes out as the tone sampled at the new rate: same
// amplitude, no delay.
TEST_P(ResampleTest, KeepsAToneInPlace) {
  const auto [src, dst] = GetParam();
  for (const size_t frames : {size_t{20'001}, size_t{40'002}}) {
    const auto result = resample(mono(tone(frames, 440, src), src), dst);
    ASSERT_TRUE(result) << result.error().to_string();
    ASSERT_EQ(result->frames(), resampled_frames(static_cast<int64_t>(frames), src, dst));
    const std::vector<float>& actual = result->channels[0];
    const std::vector<float> expected = tone(actual.size(), 440, dst);
    for (size_t i = actual.size() / 10; i < actual.size() * 9 / 10; ++i) {
      ASSERT_NEAR(actual[i], expected[i], 1e-4F) << "sample " << i;
    }
  }
}

TEST_P(ResampleTest, InBlocksEqualsWhole) {
  const auto [src, dst] = GetParam();
  const std::vector<float> input = tone(30'000, 1000, src);
  const auto whole = resample(mono(input, src), dst);
  ASSERT_TRUE(whole);
  auto resampler = Resampler::create(src, dst);
  ASSERT_TRUE(resampler);
  std::vector<float> joined;
  const std::span<const float> all(input);
  for (size_t begin = 0; begin < input.size(); begin += 1001) {
    ASSERT_TRUE(
        resampler->push(all.subspan(begin, std::min<size_t>(1001, input.size() - begin)), joined));
  }
  ASSERT_TRUE(resampler->finish(joined));
  ASSERT_EQ(joined.size(), whole->channels[0].size());
  for (size_t i = 0; i < joined.size(); ++i) {
    ASSERT_NEAR(joined[i], whole->channels[0][i], 1e-6F) << "sample " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Rates, ResampleTest,
                         testing::Values(Rates{44'100, 8000}, Rates{48'000, 8000},
                                         Rates{16'000, 8000}, Rates{8000, 16'000},
                                         Rates{11'025, 8000}, Rates{8000, 44'100}));

TEST(Resample, RemovesWhatTheNewRateCannotHold) {
  const auto result = resample(mono(tone(48'000, 6000, 48'000), 48'000), 8000);
  ASSERT_TRUE(result);
  for (size_t i = 500; i + 500 < result->channels[0].size(); ++i) {
    ASSERT_NEAR(result->channels[0][i], 0.0F, 1e-5F);
  }
}

TEST(Resample, ToTheSameRateIsTheIdentity) {
  const auto input = tone(100, 440, 8000);
  const auto result = resample(mono(input, 8000), 8000);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->channels[0], input);
}

TEST(Resample, VeryShortInputsKeepTheExactLength) {
  for (size_t frames = 1; frames < 20; ++frames) {
    const auto result = resample(mono(std::vector<float>(frames, 0.5F), 44'100), 8000);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->frames(), resampled_frames(static_cast<int64_t>(frames), 44'100, 8000));
  }
}

TEST(Resample, RefusesMeaninglessRates) {
  const auto result = resample(mono({0.5F}, 8000), 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().to_string(),
            "resampler: cannot convert 8000 Hz to 0 Hz (check the sampling rates)");
}

}  // namespace
}  // namespace tessera
