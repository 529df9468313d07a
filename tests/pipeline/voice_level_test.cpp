// The level of voices: asked for, or brought within full scale.
#include "pipeline/voice_level.h"

#include <gtest/gtest.h>

#include <limits>

namespace tessera {
namespace {

using Waves = std::vector<std::vector<float>>;

const std::vector<float> kMixture{0.5F, -0.5F};

struct Decision {
  double factor = 0;
  std::vector<LevelChange> changes;
};

// Voices whose peaks resampling leaves as they are.
Decision decide(VoiceLevel level, const Waves& voices,
                const std::vector<float>& mixture = kMixture) {
  LevelMeter meter("a.wav");
  meter.add_mixture(mixture);
  EXPECT_TRUE(meter.add_network_voices(voices));
  EXPECT_TRUE(meter.add_voices(voices));
  Decision decision;
  decision.factor = meter.factor(level, decision.changes);
  return decision;
}

TEST(VoiceLevel, AVoiceThatIsNoNumberIsRefused) {
  for (const float bad :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(),
        -std::numeric_limits<float>::infinity()}) {
    LevelMeter meter("loud.wav");
    const Waves first{{0.5F, 2.0F}, {0.5F, 0.5F}};
    const Waves second{{0.5F, 2.0F}, {0.5F, bad}};
    ASSERT_TRUE(meter.add_network_voices(first));
    ASSERT_TRUE(meter.add_voices(first));
    for (const auto& result : {meter.add_network_voices(second), meter.add_voices(second)}) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
      EXPECT_EQ(result.error().subject, "loud.wav");
      EXPECT_EQ(result.error().message,
                "sample 3 of voice 2 that the network makes of it is NaN or infinite");
    }
  }
}

TEST(VoiceLevel, VoicesThatWouldBeClippedAreBroughtToTheLevelOfTheMixture) {
  const Decision decision = decide(VoiceLevel::fit, {{2.0F, 2.0F}, {-1.0F, 0.0F}});
  EXPECT_DOUBLE_EQ(decision.factor, 0.2);
  ASSERT_EQ(decision.changes.size(), 1U);
  EXPECT_EQ(decision.changes[0].to, LevelChange::To::mixture);
  EXPECT_EQ(decision.changes[0].peak, 2);
  EXPECT_DOUBLE_EQ(decision.changes[0].factor, 0.2);
}

TEST(VoiceLevel, WhereTheMixtureIsBeyondFullScaleVoicesEndBelowIt) {
  const Decision decision = decide(VoiceLevel::fit, {{4.0F, 4.0F}}, {1.5F, 1.5F});
  EXPECT_NEAR(decision.factor, 0.999 / 4, 1e-6);
  ASSERT_EQ(decision.changes.size(), 2U);
  EXPECT_EQ(decision.changes[1].to, LevelChange::To::full_scale);
  EXPECT_EQ(decision.changes[1].peak, 1.5F);
  EXPECT_NEAR(decision.changes[1].factor, 0.999 / 1.5, 1e-6);
}

TEST(VoiceLevel, PeaksThatResamplingRaisesEndBelowFullScale) {
  LevelMeter meter("a.wav");
  meter.add_mixture(kMixture);
  ASSERT_TRUE(meter.add_network_voices(Waves{{1.0F, 1.0F}}));
  ASSERT_TRUE(meter.add_voices(Waves{{1.0F, 1.25F}}));
  std::vector<LevelChange> changes;
  EXPECT_NEAR(meter.factor(VoiceLevel::fit, changes), 0.999 / 1.25, 1e-6);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].to, LevelChange::To::full_scale);
}

TEST(VoiceLevel, WhatIsAskedForIsNoChangeToTell) {
  const Decision kept = decide(VoiceLevel::network, {{4.0F, 4.0F}});
  EXPECT_EQ(kept.factor, 1);
  EXPECT_TRUE(kept.changes.empty());
  const Decision rescaled = decide(VoiceLevel::mixture, {{0.25F, 0.25F}});
  EXPECT_DOUBLE_EQ(rescaled.factor, 2);
  EXPECT_TRUE(rescaled.changes.empty());
}

TEST(VoiceLevel, SilenceKeepsItsLevel) {
  for (const VoiceLevel level : {VoiceLevel::fit, VoiceLevel::mixture, VoiceLevel::network})
    EXPECT_EQ(decide(level, {{0.0F, 0.0F}}).factor, 1);
}

TEST(VoiceLevel, BlocksCountAsOneRecording) {
  LevelMeter meter("a.wav");
  for (const float x : kMixture) meter.add_mixture(std::vector<float>{x});
  for (const float x : {2.0F, -1.0F}) {
    ASSERT_TRUE(meter.add_network_voices(Waves{{x}, {0.0F}}));
    ASSERT_TRUE(meter.add_voices(Waves{{x}, {0.0F}}));
  }
  std::vector<LevelChange> changes;
  EXPECT_EQ(meter.factor(VoiceLevel::fit, changes),
            decide(VoiceLevel::fit, {{2.0F, -1.0F}, {0.0F, 0.0F}}).factor);
}

}  // namespace
}  // namespace tessera
