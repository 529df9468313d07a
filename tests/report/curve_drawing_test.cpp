#include "report/curve_drawing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "report/svg_labels.h"

namespace tessera {
namespace {

size_t count(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<size_t>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator()));
}

// As many norms frozen as there are points, each a little faster than the one before.
Curve crowded() {
  Curve curve{"norms <frozen>", "ms", "dB", {}};
  for (int i = 0; i < 25; ++i)
    curve.points.push_back({620.0 - 8 * i, 0.002 * i * i, i == 0 ? "exact" : fmt::to_string(i)});
  curve.points.push_back({420, 1.9, "frozen", false});
  return curve;
}

std::vector<double> marks(const std::string& svg) {
  static const std::regex kMark(R"re(<rect x="([0-9.]+)" [^>]*rx="3")re");
  std::vector<double> at;
  for (auto it = std::sregex_iterator(svg.begin(), svg.end(), kMark); it != std::sregex_iterator();
       ++it)
    at.push_back(std::stod((*it)[1]));
  return at;
}

TEST(CurveDrawing, HasAMarkForEveryPoint) {
  const std::string svg = draw_curve(crowded());
  EXPECT_EQ(marks(svg).size(), 26U);
  EXPECT_NE(svg.find("norms &lt;frozen&gt;"), std::string::npos);
}

TEST(CurveDrawing, LabelsDoNotLieOnOneAnother) {
  Curve curve = crowded();
  for (int i = 0; i < 4; ++i)
    curve.points.push_back({500.0 - 0.1 * i, 1, fmt::format("same {}", i)});
  const std::vector<test::DrawnLabel> labels = test::drawn_labels(draw_curve(curve));
  EXPECT_EQ(test::overlapping(labels), std::vector<std::string>());
  for (const char* kept : {"exact", "24", "frozen", "same 0"}) {
    EXPECT_EQ(std::count_if(labels.begin(), labels.end(),
                            [&](const test::DrawnLabel& label) { return label.text == kept; }),
              1)
        << kept;
  }
}

TEST(CurveDrawing, PointsTakeTheWholeWidthHoweverFarFromZero) {
  for (const double offset : {0.0, 10.0, 100.0, 1e6}) {
    Curve curve = crowded();
    for (CurvePoint& point : curve.points) point.x += offset;
    const std::vector<double> at = marks(draw_curve(curve));
    const auto [left, right] = std::minmax_element(at.begin(), at.end());
    EXPECT_GT(*right - *left, 0.85 * (720 - 76 - 40)) << offset;
  }
}

TEST(CurveDrawing, AxesBeginAtZeroWherePointsDo) {
  const Curve curve{"t", "x", "y", {{1, 0, "a"}, {20, 3, "b"}}};
  const std::vector<test::DrawnLabel> labels = test::drawn_labels(draw_curve(curve));
  EXPECT_EQ(std::count_if(labels.begin(), labels.end(),
                          [](const test::DrawnLabel& label) { return label.text == "0"; }),
            2);
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
