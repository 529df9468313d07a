#include "report/score_drawing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <regex>

namespace tessera {
namespace {

struct Bar {
  double x, width, height;
};

std::vector<Bar> rectangles(const std::string& svg, const std::string& kind) {
  const std::regex pattern(
      R"re(<rect x="([0-9.]+)" y="[0-9.]+" width="([0-9.]+)" height="([0-9.]+)" class=")re" + kind);
  std::vector<Bar> bars;
  for (auto at = std::sregex_iterator(svg.begin(), svg.end(), pattern);
       at != std::sregex_iterator(); ++at)
    bars.push_back({std::stod((*at)[1]), std::stod((*at)[2]), std::stod((*at)[3])});
  return bars;
}

// Six values near 1 and three near 9: heights as their counts, one band for the interval.
TEST(ScoreDrawing, BarsAreAsHighAsTheirCounts) {
  const ScorePanel panel{"net <1>", "dB", {1, 1, 1, 1, 1, 1, 9.01, 9.01, 9.01}, 3.67, 2.9};
  const std::string svg = draw_scores("scores", {panel});
  const std::vector<Bar> bars = rectangles(svg, "bar");
  ASSERT_EQ(bars.size(), 2u);
  EXPECT_NEAR(bars[0].height, 2 * bars[1].height, 0.2);
  EXPECT_LT(bars[0].x, bars[1].x);
  EXPECT_EQ(rectangles(svg, "interval").size(), 1u);
  EXPECT_NE(svg.find("net &lt;1&gt;"), std::string::npos);
  EXPECT_NE(svg.find("9 mixtures, mean 3.67 ± 2.90, 95 % interval"), std::string::npos);
}

// The same value stands at the same place of panels with one axis.
TEST(ScoreDrawing, PanelsOfOneAxisHaveOneRange) {
  const ScorePanel a{"a", "dB", {0, 10}, 5, {}};
  const ScorePanel b{"b", "dB", {10, 10}, 10, {}};
  const std::vector<Bar> bars = rectangles(draw_scores("", {a, b}), "bar");
  ASSERT_EQ(bars.size(), 3u);
  EXPECT_EQ(bars[1].x, bars[2].x);
}

TEST(ScoreDrawing, ValuesThatAreNotFiniteAreCountedOnly) {
  const double infinite = std::numeric_limits<double>::infinity();
  const ScorePanel panel{"a", "dB", {1, -infinite, std::nan("")}, -infinite, {}};
  const std::string svg = draw_scores("", {panel, {"none", "dB", {}, std::nan(""), {}}});
  EXPECT_EQ(rectangles(svg, "bar").size(), 1u);
  EXPECT_NE(svg.find("3 mixtures, 2 without a finite value"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

}  // namespace
}  // namespace tessera
