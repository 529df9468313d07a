#include "report/curve_drawing.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include <fmt/format.h>

namespace tessera {
namespace {

size_t count(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<size_t>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator()));
}

TEST(CurveDrawing, HasAMarkForEveryPointAndALabelWhereThereIsRoom) {
  Curve curve{"norms <frozen>", "ms", "dB", {}};
  for (int i = 0; i < 4; ++i) curve.points.push_back({100.0 - i, 0.01 * i, fmt::to_string(i)});
  curve.points.push_back({50, 2, "all", false});
  const std::string svg = draw_curve(curve);
  EXPECT_EQ(count(svg, "rx=\"3\""), 5U);
  EXPECT_EQ(count(svg, ">0</text>"), 3U) << "both axes begin at 0, and the first point has a label";
  EXPECT_EQ(count(svg, ">1</text>"), 1U) << "a tick; the label would lie on the first one's";
  EXPECT_EQ(count(svg, ">all</text>"), 1U);
  EXPECT_NE(svg.find("norms &lt;frozen&gt;"), std::string::npos);
}

TEST(CurveDrawing, APointNotJoinedBeginsANewLine) {
  Curve curve{"t", "x", "y", {{1, 1, "a"}, {2, 2, "b"}, {3, 3, "c", false}}};
  EXPECT_EQ(count(draw_curve(curve), "M[0-9. ]+L[0-9. ]+M[0-9. ]+\""), 1U);
}

TEST(CurveDrawing, NothingLostIsDrawnToo) {
  Curve curve{"t", "x", "y", {{0, 0, "a"}}};
  EXPECT_EQ(draw_curve(curve).find("nan"), std::string::npos);
}

}  // namespace
}  // namespace tessera
