#include "quantize/scales.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tessera::quantization {
namespace {

// Codes reach both ends of the range, and hardly further.
void expect_tight(const Range& range, float scale, int32_t zero, const ValueEncoding& encoding) {
  const float width = range.high - range.low;
  EXPECT_LE(scale, width / 252) << range.low << " to " << range.high;
  EXPECT_GE(scale * static_cast<float>(encoding.highest() - zero), range.high * 0.999f);
  EXPECT_LE(scale * static_cast<float>(encoding.lowest() - zero), range.low * 0.999f);
}

// A side of the range much shorter than one code used to leave no code for it, and a scale of 1e30
// for every channel.
TEST(EncodeRanges, KeepsACodeForASideShorterThanAStep) {
  const std::vector<Range> ranges{{-1.0f, 1e-4f}, {-1e-4f, 2.0f}, {-0.5f, 0.5f}};
  const std::vector<int> parts{0, 1, 2};
  const ValueEncoding encoding = encode_ranges(ranges, parts, 8, false);
  ASSERT_EQ(encoding.scale.size(), 3u);
  for (size_t c = 0; c < 3; ++c) {
    expect_tight(ranges[c], encoding.scale[c], encoding.zero_point[c], encoding);
  }
}

TEST(EncodeRanges, IsTightForAnyRangeAroundZero) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> exponent(-6.0f, 0.0f);
  for (int round = 0; round < 2000; ++round) {
    const Range range{-std::pow(10.0f, exponent(random)), std::pow(10.0f, exponent(random))};
    const std::vector<int> one_part{0};
    for (const bool one_zero_point : {false, true}) {
      const ValueEncoding encoding =
          encode_ranges(std::vector<Range>{range}, one_part, 8, one_zero_point);
      expect_tight(range, encoding.scale[0], encoding.zero_point[0], encoding);
    }
  }
}

}  // namespace
}  // namespace tessera::quantization
