#include "report/curve_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/svg.h"

namespace tessera {
namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 440;
constexpr double kLeft = 76;
constexpr double kTop = 56;
constexpr double kPlotWidth = kWidth - kLeft - 40;
constexpr double kPlotHeight = kHeight - kTop - 64;
constexpr std::string_view kInk = "#4a5568";

// 1, 2 or 5 times a power of ten: about five steps up to `most`.
double tick_of(double most) {
  const double rough = most / 5;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

class Axis {
 public:
  Axis(double most, double length) : tick_(tick_of(most > 0 ? most : 1)), length_(length) {
    end_ = std::ceil(std::max(most, tick_) / tick_ - 1e-9) * tick_;
  }
  int ticks() const { return static_cast<int>(std::lround(end_ / tick_)); }
  double value(int tick) const { return tick * tick_; }
  double at(double value) const { return value / end_ * length_; }

 private:
  double tick_;
  double length_;
  double end_ = 0;
};

void draw_axes(Svg& svg, const Curve& curve, const Axis& x, const Axis& y) {
  const std::string small = fmt::format(R"(font-size="11" fill="{}")", kInk);
  const std::string line = R"(stroke="#e2e8f0")";
  for (int i = 0; i <= x.ticks(); ++i) {
    const double at = kLeft + x.at(x.value(i));
    svg.path(fmt::format("M{:.1f} {:.1f} V{:.1f}", at, kTop, kTop + kPlotHeight), line);
    svg.text(at, kTop + kPlotHeight + 18, fmt::format("{:.4g}", x.value(i)),
             small + R"( text-anchor="middle")");
  }
  for (int i = 0; i <= y.ticks(); ++i) {
    const double at = kTop + kPlotHeight - y.at(y.value(i));
    svg.path(fmt::format("M{:.1f} {:.1f} H{:.1f}", kLeft, at, kLeft + kPlotWidth), line);
    svg.text(kLeft - 8, at + 4, fmt::format("{:.4g}", y.value(i)), small + R"( text-anchor="end")");
  }
  svg.text(kLeft + kPlotWidth / 2, kHeight - 16, curve.x_axis, small + R"( text-anchor="middle")");
  svg.text(kLeft - 56, kTop - 14, curve.y_axis, small);
}

}  // namespace

std::string draw_curve(const Curve& curve) {
  double most_x = 0;
  double most_y = 0;
  for (const CurvePoint& point : curve.points) {
    most_x = std::max(most_x, point.x);
    most_y = std::max(most_y, point.y);
  }
  const Axis x(most_x, kPlotWidth);
  const Axis y(most_y, kPlotHeight);
  Svg svg;
  svg.text(kLeft - 56, 26, curve.title, R"(font-size="15" font-weight="bold" fill="#1a202c")");
  draw_axes(svg, curve, x, y);
  std::string line;
  for (const CurvePoint& point : curve.points) {
    line += fmt::format("{}{:.1f} {:.1f} ", point.joined && !line.empty() ? 'L' : 'M',
                        kLeft + x.at(point.x), kTop + kPlotHeight - y.at(point.y));
  }
  svg.path(line, R"(stroke="#2b6cb0" stroke-width="1.6")");
  double label_x = -1e9;
  double label_y = -1e9;
  for (const CurvePoint& point : curve.points) {
    const double at_x = kLeft + x.at(point.x);
    const double at_y = kTop + kPlotHeight - y.at(point.y);
    svg.rect(at_x - 3, at_y - 3, 6, 6, R"(rx="3" fill="#2b6cb0")");
    // Labels that would lie on one another are left out; the table has every point.
    if (std::abs(at_x - label_x) < 26 && std::abs(at_y - label_y) < 14) continue;
    label_x = at_x;
    label_y = at_y;
    const bool at_the_right = at_x > kLeft + kPlotWidth - 90;
    svg.text(at_x + (at_the_right ? -6 : 6), at_y - 7, point.label,
             at_the_right ? R"(font-size="11" fill="#1a202c" text-anchor="end")"
                          : R"(font-size="11" fill="#1a202c")");
  }
  return svg.document(kWidth, kHeight);
}

}  // namespace tessera
