// The level of voices, and what is said of it.
#include "cli/voice_scale.h"

#include <limits>

#include <gtest/gtest.h>

namespace tessera::cli {
namespace {

using Voices = std::vector<std::vector<float>>;

const std::vector<float> kMixture{0.5F, -0.5F};

TEST(VoiceScale, AVoiceThatIsNoNumberIsRefused) {
  ScaledVoices scaled;
  for (const float bad :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(),
        -std::numeric_limits<float>::infinity()}) {
    Voices voices{{0.5F, 2.0F}, {0.5F, bad}};
    for (const auto& result : {scale_voices(voices, kMixture, {}, "loud.wav", scaled),
                               fit_full_scale(voices, {}, "loud.wav", scaled)}) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
      EXPECT_EQ(result.error().subject, "loud.wav");
      EXPECT_EQ(result.error().message,
                "sample 1 of voice 2 that the network makes of it is NaN or infinite");
    }
  }
  EXPECT_TRUE(scaled.lines().empty());
}

TEST(VoiceScale, VoicesThatWouldBeClippedAreBroughtToTheLevelOfTheMixture) {
  ScaledVoices scaled;
  Voices voices{{2.0F, 2.0F}, {-1.0F, 0.0F}};
  EXPECT_DOUBLE_EQ(scale_voices(voices, kMixture, {}, "a.wav", scaled).value(), 0.2);
  EXPECT_EQ(scaled.lines(),
            (std::vector<std::string>{
                "a.wav: the voices reach 2 times full scale; all are scaled by 0.2 to the "
                "mixture's level (--keep-scale or --subtype float keeps the network's own)"}));
}

TEST(VoiceScale, ManyRecordingsAreToldInOneLine) {
  ScaledVoices scaled;
  for (int i = 1; i <= 300; ++i) {
    Voices voices{{2.0F * static_cast<float>(i), 0.0F}};
    ASSERT_TRUE(scale_voices(voices, kMixture, {}, std::to_string(i) + ".wav", scaled));
  }
  EXPECT_EQ(scaled.lines(),
            (std::vector<std::string>{
                "the voices of 300 recordings reach up to 600 times full scale (300.wav); those of "
                "each are scaled by 0.001667 to 0.5 to the mixture's level (--keep-scale or "
                "--subtype float keeps the network's own; --json tells each factor)"}));
}

TEST(VoiceScale, BothKindsOfScalingAreTold) {
  ScaledVoices scaled;
  Voices voices{{4.0F, 4.0F}};
  const std::vector<float> loud{1.5F, 1.5F};
  ASSERT_TRUE(scale_voices(voices, loud, {}, "a.wav", scaled));
  EXPECT_NEAR(fit_full_scale(voices, {}, "a.wav", scaled).value(), 0.999 / 1.5, 1e-6);
  ASSERT_EQ(scaled.lines().size(), 2U);
  EXPECT_EQ(scaled.lines()[1],
            "a.wav: the voices reach 1.5 times full scale; all are scaled by 0.666 from the "
            "mixture's level so that none is clipped (--subtype float keeps every value)");
}

}  // namespace
}  // namespace tessera::cli
