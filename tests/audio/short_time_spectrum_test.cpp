#include "audio/short_time_spectrum.h"

#include <cmath>

#include <gtest/gtest.h>

#include "audio/tones.h"

namespace tessera {
namespace {

TEST(ShortTimeSpectrum, AFullScaleSineIsZeroDbAtItsFrequency) {
  const LevelMap map = short_time_spectrum(tone(16'000, 1000, 8000, 1.0), 8000, 50, 129);
  // 129 rows over 4 kHz: 1 kHz is row 32.
  EXPECT_NEAR(map.at(25, 32), 0.0F, 0.1F);
  EXPECT_LT(map.at(25, 64), -80.0F);
}

TEST(ShortTimeSpectrum, SilenceIsAtTheFloor) {
  const LevelMap map = short_time_spectrum(std::vector<float>(1000, 0.0F), 8000, 10, 20);
  for (const float level : map.levels_db) EXPECT_EQ(level, kSilenceDb);
}

TEST(ShortTimeSpectrum, PutsAClickIntoItsColumn) {
  std::vector<float> samples(80'000, 0.0F);
  samples[20'400] = 1.0F;  // the middle of column 25
  const LevelMap map = short_time_spectrum(samples, 8000, 100, 20);
  for (int column = 0; column < 100; ++column) {
    EXPECT_EQ(map.at(column, 10) > -100.0F, column == 25) << column;
  }
}

TEST(ShortTimeSpectrum, TakesFewerSamplesThanColumns) {
  const LevelMap map = short_time_spectrum(std::vector<float>{0.5F}, 8000, 100, 20);
  EXPECT_EQ(map.levels_db.size(), 2000U);
}

}  // namespace
}  // namespace tessera
