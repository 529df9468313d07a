// The level of voices: asked for, or brought within full scale.
#include "pipeline/voice_level.h"

#include <gtest/gtest.h>

#include <limits>

namespace tessera {
namespace {

const std::vector<float> kMixture{0.5F, -0.5F};

Separation with_voices(std::vector<std::vector<float>> voices) {
  Separation separation;
  separation.voices = std::move(voices);
  return separation;
}

TEST(VoiceLevel, AVoiceThatIsNoNumberIsRefused) {
  for (const float bad :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(),
        -std::numeric_limits<float>::infinity()}) {
    Separation separation = with_voices({{0.5F, 2.0F}, {0.5F, bad}});
    for (const auto& result : {set_level(kMixture, VoiceLevel::fit, "loud.wav", separation),
                               fit_full_scale(VoiceLevel::fit, "loud.wav", separation)}) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
      EXPECT_EQ(result.error().subject, "loud.wav");
      EXPECT_EQ(result.error().message,
                "sample 1 of voice 2 that the network makes of it is NaN or infinite");
    }
    EXPECT_TRUE(separation.level_changes.empty());
  }
}

TEST(VoiceLevel, VoicesThatWouldBeClippedAreBroughtToTheLevelOfTheMixture) {
  Separation separation = with_voices({{2.0F, 2.0F}, {-1.0F, 0.0F}});
  ASSERT_TRUE(set_level(kMixture, VoiceLevel::fit, "a.wav", separation));
  EXPECT_DOUBLE_EQ(separation.scale, 0.2);
  ASSERT_EQ(separation.level_changes.size(), 1U);
  EXPECT_EQ(separation.level_changes[0].to, LevelChange::To::mixture);
  EXPECT_EQ(separation.level_changes[0].peak, 2);
  EXPECT_DOUBLE_EQ(separation.level_changes[0].factor, 0.2);
}

TEST(VoiceLevel, WhereTheMixtureIsBeyondFullScaleVoicesEndBelowIt) {
  Separation separation = with_voices({{4.0F, 4.0F}});
  const std::vector<float> loud{1.5F, 1.5F};
  ASSERT_TRUE(set_level(loud, VoiceLevel::fit, "a.wav", separation));
  ASSERT_TRUE(fit_full_scale(VoiceLevel::fit, "a.wav", separation));
  EXPECT_NEAR(separation.scale, 0.999 / 4, 1e-6);
  ASSERT_EQ(separation.level_changes.size(), 2U);
  EXPECT_EQ(separation.level_changes[1].to, LevelChange::To::full_scale);
  EXPECT_EQ(separation.level_changes[1].peak, 1.5F);
  EXPECT_NEAR(separation.level_changes[1].factor, 0.999 / 1.5, 1e-6);
}

TEST(VoiceLevel, WhatIsAskedForIsNoChangeToTell) {
  Separation kept = with_voices({{4.0F, 4.0F}});
  ASSERT_TRUE(set_level(kMixture, VoiceLevel::network, "a.wav", kept));
  ASSERT_TRUE(fit_full_scale(VoiceLevel::network, "a.wav", kept));
  EXPECT_EQ(kept.voices[0][0], 4);
  Separation rescaled = with_voices({{0.25F, 0.25F}});
  ASSERT_TRUE(set_level(kMixture, VoiceLevel::mixture, "a.wav", rescaled));
  ASSERT_TRUE(fit_full_scale(VoiceLevel::mixture, "a.wav", rescaled));
  EXPECT_DOUBLE_EQ(rescaled.scale, 2);
  EXPECT_TRUE(kept.level_changes.empty());
  EXPECT_TRUE(rescaled.level_changes.empty());
}

}  // namespace
}  // namespace tessera
