#include "report/curve_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "report/axis.h"
#include "report/svg.h"
#include "report/svg_label.h"

namespace tessera {
namespace {

constexpr double kCurveWidth = 720;
constexpr double kCurveHeight = 440;
constexpr double kCurveLeft = 76;
constexpr double kCurveTop = 56;
constexpr double kCurvePlotWidth = kCurveWidth - kCurveLeft - 40;
constexpr double kCurvePlotHeight = kCurveHeight - kCurveTop - 64;
constexpr double kMark = 3;  // half its width
constexpr double kFontSize = 11;

// Where the points begin, or at 0 where that leaves little of the axis empty.
DrawnAxis x_axis_of(const std::vector<CurvePoint>& points) {
  double least = std::numeric_limits<double>::max();
  double most = 0;
  for (const CurvePoint& point : points) {
    least = std::min(least, point.x);
    most = std::max(most, point.x);
  }
  const double span = most - least;
  const bool from_zero = !(span > 0) || least < span / 8;
  return {from_zero ? 0 : least - DrawnAxis::kRoom * span, most, kCurvePlotWidth};
}

DrawnAxis y_axis_of(const std::vector<CurvePoint>& points) {
  double most = 0;
  for (const CurvePoint& point : points) most = std::max(most, point.y);
  return {0, most, kCurvePlotHeight};
}

class Drawing {
 public:
  explicit Drawing(const Curve& curve)
      : curve_(curve), x_(x_axis_of(curve.points)), y_(y_axis_of(curve.points)) {}

  std::string draw() {
    svg_.text(kCurveLeft - 56, 26, curve_.title,
              R"(font-size="15" font-weight="bold" fill="#1a202c")");
    axes();
    line();
    for (const CurvePoint& point : curve_.points) mark(point);
    for (const CurvePoint& point : curve_.points) label(point);
    return svg_.document(kCurveWidth, kCurveHeight);
  }

 private:
  double x(const CurvePoint& point) const { return kCurveLeft + x_.at(point.x); }
  double y(double value) const { return kCurveTop + kCurvePlotHeight - y_.at(value); }

  void axes() {
    const std::string small = fmt::format(R"(font-size="{}" fill="{}")", kFontSize, kInk);
    const std::string stroke = R"(stroke="#e2e8f0")";
    for (const double value : x_.ticks()) {
      const double at = kCurveLeft + x_.at(value);
      svg_.path(fmt::format("M{:.1f} {:.1f} V{:.1f}", at, kCurveTop, kCurveTop + kCurvePlotHeight),
                stroke);
      svg_.text(at, kCurveTop + kCurvePlotHeight + 18, fmt::format("{:.4g}", value),
                small + R"( text-anchor="middle")");
    }
    for (const double value : y_.ticks()) {
      svg_.path(
          fmt::format("M{:.1f} {:.1f} H{:.1f}", kCurveLeft, y(value), kCurveLeft + kCurvePlotWidth),
          stroke);
      svg_.text(kCurveLeft - 8, y(value) + 4, fmt::format("{:.4g}", value),
                small + R"( text-anchor="end")");
    }
    svg_.text(kCurveLeft + kCurvePlotWidth / 2, kCurveHeight - 16, curve_.x_axis,
              small + R"( text-anchor="middle")");
    svg_.text(kCurveLeft - 56, kCurveTop - 14, curve_.y_axis, small);
  }

  void line() {
    std::string data;
    for (const CurvePoint& point : curve_.points) {
      data += fmt::format("{}{:.1f} {:.1f} ", point.joined && !data.empty() ? 'L' : 'M', x(point),
                          y(point.y));
    }
    svg_.path(data, R"(stroke="#2b6cb0" stroke-width="1.6")");
  }

  void mark(const CurvePoint& point) {
    const double left = x(point) - kMark;
    const double top = y(point.y) - kMark;
    svg_.rect(left, top, 2 * kMark, 2 * kMark, R"(rx="3" fill="#2b6cb0")");
    taken_.push_back({left, top, left + 2 * kMark, top + 2 * kMark});
  }

  // Beside its mark, where it lies on nothing; left out where there is no such place: the table has
  // every point.
  void label(const CurvePoint& point) {
    constexpr SvgBox kPlot{kCurveLeft, kCurveTop, kCurveLeft + kCurvePlotWidth,
                           kCurveTop + kCurvePlotHeight};
    const double width = label_width(point.label, kFontSize);
    const double above = y(point.y) - 2 * kMark - 1;
    const double below = y(point.y) + 2 * kMark + kFontSize;
    for (const auto& [side, at_y] :
         {std::pair(1, above), std::pair(-1, above), std::pair(1, below), std::pair(-1, below),
          std::pair(1, above - kFontSize), std::pair(-1, above - kFontSize)}) {
      const double at_x = x(point) + side * 2 * kMark;
      const SvgBox box = label_box(side > 0 ? at_x : at_x - width, at_y, point.label, kFontSize);
      if (!kPlot.contains(box) || overlaps_any(box, taken_)) continue;
      svg_.text(at_x, at_y, point.label,
                fmt::format(R"(font-size="{}" fill="#1a202c" text-anchor="{}")", kFontSize,
                            side > 0 ? "start" : "end"));
      taken_.push_back(box);
      return;
    }
  }

  const Curve& curve_;
  DrawnAxis x_;
  DrawnAxis y_;
  Svg svg_;
  std::vector<SvgBox> taken_;  // by marks and labels
};

}  // namespace

std::string draw_curve(const Curve& curve) {
  return Drawing(curve).draw();
}

}  // namespace tessera
