// What is said of voices that were scaled unasked.
#include "cli/scale_notes.h"

#include <gtest/gtest.h>

namespace tessera::cli {
namespace {

TEST(ScaledVoices, EachRecordingIsToldWhereTheyAreFew) {
  ScaledVoices scaled;
  EXPECT_TRUE(scaled.lines().empty());
  scaled.add("quiet.wav", {});
  EXPECT_TRUE(scaled.lines().empty());
  const std::vector<LevelChange> changes{{LevelChange::To::mixture, 2, 0.2}};
  scaled.add("a.wav", changes);
  EXPECT_EQ(scaled.lines(),
            (std::vector<std::string>{
                "a.wav: the voices reach 2 times full scale; all are scaled by 0.2 to the "
                "mixture's level (--keep-scale or --subtype float keeps the network's own)"}));
}

TEST(ScaledVoices, ManyRecordingsAreToldInOneLine) {
  ScaledVoices scaled;
  for (int i = 1; i <= 300; ++i) {
    const std::vector<LevelChange> changes{
        {LevelChange::To::mixture, 2.0F * static_cast<float>(i), 0.5 / i}};
    scaled.add(std::to_string(i) + ".wav", changes);
  }
  EXPECT_EQ(scaled.lines(),
            (std::vector<std::string>{
                "the voices of 300 recordings reach up to 600 times full scale (300.wav); those of "
                "each are scaled by 0.001667 to 0.5 to the mixture's level (--keep-scale or "
                "--subtype float keeps the network's own; --json tells each factor)"}));
}

TEST(ScaledVoices, BothKindsOfScalingAreTold) {
  ScaledVoices scaled;
  const std::vector<LevelChange> changes{{LevelChange::To::mixture, 4, 0.375},
                                         {LevelChange::To::full_scale, 1.5, 0.666}};
  scaled.add("a.wav", changes);
  ASSERT_EQ(scaled.lines().size(), 2U);
  EXPECT_EQ(scaled.lines()[1],
            "a.wav: the voices reach 1.5 times full scale; all are scaled by 0.666 from the "
            "mixture's level so that none is clipped (--subtype float keeps every value)");
}

}  // namespace
}  // namespace tessera::cli
