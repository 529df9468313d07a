#include "report/raster.h"

#include <gtest/gtest.h>

#include "report/colour_scale.h"
#include "report/decoded_png.h"
#include "support/scratch_folder.h"
#include "tessera/file.h"

namespace tessera {
namespace {

constexpr Colour kWhite{255, 255, 255};
constexpr Colour kBlack{0, 0, 0};

int dark_pixels(const Raster& raster, int x_begin, int x_end) {
  int count = 0;
  for (int y = 0; y < raster.height(); ++y) {
    for (int x = x_begin; x < x_end; ++x) count += raster.get(x, y).red < 128 ? 1 : 0;
  }
  return count;
}

TEST(Raster, PngHoldsTheSamePixels) {
  const ScratchFolder folder;
  Raster raster(5, 3, kWhite);
  raster.set(4, 2, {10, 20, 30});
  const auto png = raster.to_png();
  ASSERT_TRUE(png) << png.error().to_string();
  ASSERT_TRUE(write_file_atomically(folder / "a.png", *png));
  const DecodedPng decoded = decode_png(folder / "a.png");
  ASSERT_EQ(decoded.width, 5);
  ASSERT_EQ(decoded.height, 3);
  EXPECT_EQ(decoded.rgb[0], 255);
  EXPECT_EQ(std::vector<uint8_t>(decoded.rgb.end() - 3, decoded.rgb.end()),
            (std::vector<uint8_t>{10, 20, 30}));
}

TEST(Raster, CutsOffWhatLiesOutside) {
  Raster raster(4, 4, kWhite);
  raster.fill(-2, -2, 100, 3, kBlack);
  raster.outline(-5, -5, 100, 100, kBlack);
  raster.text(-20, -10, "outside", kBlack);
  EXPECT_EQ(raster.get(0, 0).red, 0);
}

TEST(Raster, AlignsText) {
  const int width = text_width("mix");
  Raster raster(100, kTextHeight, kWhite);
  raster.text(100, 0, "mix", kBlack, TextAlign::kRight);
  EXPECT_EQ(dark_pixels(raster, 0, 100 - width), 0);
  EXPECT_GT(dark_pixels(raster, 100 - width, 100), 20);
}

TEST(Raster, DrawsLatinLettersAndMarksOthers) {
  EXPECT_NE(text_width("\xc3\xa4"), text_width("?"));      // a with two dots
  EXPECT_EQ(text_width("\xe6\xb7\xb7"), text_width("?"));  // a Chinese character
  EXPECT_EQ(text_width("\xff\xc3"), 2 * text_width("?"));  // broken UTF-8
}

TEST(FitText, ShortensWithDots) {
  const std::string name = "a_very_long_name_of_a_recording.wav";
  EXPECT_EQ(fit_text(name, 10'000), name);
  const std::string fitted = fit_text(name, 150);
  EXPECT_LE(text_width(fitted), 150);
  EXPECT_EQ(fitted.substr(fitted.size() - 3), "...");
  EXPECT_EQ(fit_text(name, 0), "...");
}

TEST(Magma, GrowsBrighter) {
  int before = -1;
  for (int i = 0; i <= 100; ++i) {
    const Colour colour = magma(i / 100.0);
    const int brightness = 2 * colour.red + 5 * colour.green + colour.blue;
    EXPECT_GE(brightness, before);
    before = brightness;
  }
}

}  // namespace
}  // namespace tessera
