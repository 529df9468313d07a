#include "report/spectrogram.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "audio/tones.h"
#include "report/decoded_png.h"
#include "support/scratch_folder.h"

namespace tessera {
namespace {

using Values = std::vector<float>;

SpectrogramFigure one_panel(const Values& samples, int rate = 8000) {
  SpectrogramFigure figure;
  figure.rows.push_back({{"tone", samples, rate}});
  return figure;
}

std::string refusal(const SpectrogramFigure& figure) {
  const ScratchFolder folder;
  const auto written = write_spectrogram_png(folder / "a.png", figure);
  EXPECT_EQ(folder.count(), written ? 1 : 0);
  return written ? "accepted" : written.error().to_string();
}

TEST(Spectrogram, ShowsAToneAtItsHeight) {
  const ScratchFolder folder;
  const Values samples = tone(16'000, 1000, 8000);
  ASSERT_TRUE(write_spectrogram_png(folder / "a.png", one_panel(samples)));
  const DecodedPng picture = decode_png(folder / "a.png");
  ASSERT_EQ(picture.width, 1680);
  // In the middle of the panel, the brightest point between the edges of the plot lies at a quarter
  // of its height.
  constexpr int kPlotTop = 32 + 40;
  constexpr int kPlotHeight = 256;
  int brightest = kPlotTop;
  for (int y = kPlotTop; y < kPlotTop + kPlotHeight; ++y) {
    if (picture.brightness(700, y) > picture.brightness(700, brightest)) brightest = y;
  }
  EXPECT_NEAR(brightest, kPlotTop + kPlotHeight * 3 / 4, 3);
}

TEST(Spectrogram, SameSoundsMakeTheSameBytes) {
  const ScratchFolder folder;
  const Values samples = tone(16'000, 1000, 8000);
  ASSERT_TRUE(write_spectrogram_png(folder / "a.png", one_panel(samples)));
  ASSERT_TRUE(write_spectrogram_png(folder / "b.png", one_panel(samples)));
  EXPECT_EQ(*read_file(folder / "a.png", 1 << 24), *read_file(folder / "b.png", 1 << 24));
}

TEST(Spectrogram, SeparationFigureHasARowPerSource) {
  const Values samples = tone(100, 1000, 8000);
  const SpectrogramPanel panel{"x", samples, 8000};
  const std::vector<SpectrogramPanel> two = {panel, panel};
  const SpectrogramFigure whole = separation_figure("", panel, two, two);
  ASSERT_EQ(whole.rows.size(), 3U);
  EXPECT_EQ(whole.rows[0].size(), 1U);
  EXPECT_EQ(whole.rows[2].size(), 2U);
  EXPECT_EQ(separation_figure("", {}, two, {}).rows.size(), 2U);
}

TEST(Spectrogram, TakesDifferentLengthsAndRatesAndTinySounds) {
  const Values shorter = tone(3000, 440, 16'000);
  const Values longer = tone(20'000, 440, 8000);
  const Values one = {0.5F};
  SpectrogramFigure figure;
  figure.title = "A title";
  figure.rows = {{{"a", shorter, 16'000}, {"b", longer, 8000}}, {{"c", one, 44'100}}};
  EXPECT_EQ(refusal(figure), "accepted");
  EXPECT_EQ(refusal(one_panel(one)), "accepted");
  EXPECT_EQ(refusal(one_panel(Values(100, 0.0F))), "accepted");
}

TEST(Spectrogram, DoesNotOverwrite) {
  const ScratchFolder folder;
  const Values samples = tone(1000, 1000, 8000);
  ASSERT_TRUE(write_spectrogram_png(folder / "a.png", one_panel(samples)));
  const auto again = write_spectrogram_png(folder / "a.png", one_panel(samples));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(write_spectrogram_png(folder / "a.png", one_panel(samples), {.force = true}));
}

TEST(SpectrogramRefuses, NothingToDraw) {
  EXPECT_EQ(refusal({}), "spectrogram: 0 panels cannot be drawn, 1 to 24 can");
  EXPECT_EQ(refusal(one_panel({})), "tone: 0 samples at 8000 Hz cannot be drawn");
  SpectrogramFigure figure;
  figure.rows.emplace_back();
  EXPECT_EQ(refusal(figure),
            "spectrogram: a row of 0 panels cannot be drawn (give each row 1 to 4 panels)");
}

TEST(SpectrogramRefuses, NanSamples) {
  const Values samples = {0.0F, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_EQ(refusal(one_panel(samples)),
            "tone: holds NaN or infinite samples, which cannot be drawn");
}

}  // namespace
}  // namespace tessera
