#include "report/score_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/axis.h"
#include "report/svg.h"

namespace tessera {
namespace {

constexpr double kScoreWidth = 720;
constexpr double kScoreLeft = 64;
constexpr double kScoreTop = 48;
constexpr double kScorePlotWidth = kScoreWidth - kScoreLeft - 32;
constexpr double kScorePlotHeight = 160;
constexpr double kScorePanelHeight = kScorePlotHeight + 84;
constexpr int kScoreBins = 12;

struct ScoreBins {
  double begin = 0;
  double width = 1;
  std::vector<int> counts;

  double end() const { return begin + width * static_cast<double>(counts.size()); }
  int most() const { return counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end()); }
};

std::vector<double> finite_values(const ScorePanel& panel) {
  std::vector<double> values;
  std::copy_if(panel.values.begin(), panel.values.end(), std::back_inserter(values),
               [](double value) { return std::isfinite(value); });
  return values;
}

// Bins over the values of every panel with this one's axis.
ScoreBins bins_for(const ScorePanel& panel, const std::vector<ScorePanel>& panels) {
  std::vector<double> range;
  for (const ScorePanel& other : panels) {
    if (other.axis != panel.axis) continue;
    const std::vector<double> values = finite_values(other);
    range.insert(range.end(), values.begin(), values.end());
  }
  ScoreBins bins;
  if (range.empty()) return bins;
  const auto [least, most] = std::minmax_element(range.begin(), range.end());
  bins.width = *most > *least ? tick_of(*most - *least, kScoreBins) : 1;
  bins.begin = std::floor(*least / bins.width) * bins.width;
  bins.counts.resize(static_cast<size_t>((*most - bins.begin) / bins.width) + 1);
  for (double value : finite_values(panel)) {
    const auto bin = static_cast<size_t>(std::max(0.0, (value - bins.begin) / bins.width));
    ++bins.counts[std::min(bin, bins.counts.size() - 1)];
  }
  return bins;
}

class PanelDrawing {
 public:
  PanelDrawing(Svg& svg, const ScorePanel& panel, ScoreBins bins)
      : svg_(svg),
        panel_(panel),
        bins_(std::move(bins)),
        x_(bins_.begin, bins_.end(), kScorePlotWidth),
        y_(0, std::max(1, bins_.most()), kScorePlotHeight) {}

  void draw() {
    svg_.text(kScoreLeft, 14, panel_.title, R"(font-size="12" font-weight="bold" fill="#1a202c")");
    svg_.text(kScoreLeft, 30, caption(), kSmall);
    axes();
    interval();
    for (size_t i = 0; i < bins_.counts.size(); ++i) bar(i);
    mean();
  }

 private:
  static constexpr std::string_view kSmall = R"(font-size="11" fill="#4a5568")";
  static constexpr double kPlotTop = 40;

  double x(double value) const { return kScoreLeft + x_.at(value); }
  double y(double value) const { return kPlotTop + kScorePlotHeight - y_.at(value); }

  std::string caption() const {
    const size_t finite = finite_values(panel_).size();
    std::string text = fmt::format("{} mixtures", panel_.values.size());
    if (finite < panel_.values.size())
      text += fmt::format(", {} without a finite value", panel_.values.size() - finite);
    if (!std::isfinite(panel_.mean)) return text;
    text += fmt::format(", mean {:.2f}", panel_.mean);
    if (panel_.half_width) text += fmt::format(" \u00b1 {:.2f}, 95 % interval", *panel_.half_width);
    return text;
  }

  void axes() {
    for (const double value : x_.ticks()) {
      svg_.text(x(value), kPlotTop + kScorePlotHeight + 16, fmt::format("{:.4g}", value),
                std::string(kSmall) + R"( text-anchor="middle")");
    }
    for (const double value : y_.ticks()) {
      if (value != std::floor(value)) continue;  // counts
      svg_.path(
          fmt::format("M{:.1f} {:.1f} H{:.1f}", kScoreLeft, y(value), kScoreLeft + kScorePlotWidth),
          R"(stroke="#e2e8f0")");
      svg_.text(kScoreLeft - 8, y(value) + 4, fmt::format("{:.4g}", value),
                std::string(kSmall) + R"( text-anchor="end")");
    }
    svg_.text(kScoreLeft + kScorePlotWidth / 2, kPlotTop + kScorePlotHeight + 32, panel_.axis,
              std::string(kSmall) + R"( text-anchor="middle")");
  }

  void interval() {
    if (!std::isfinite(panel_.mean) || !panel_.half_width) return;
    const double left = std::max(kScoreLeft, x(panel_.mean - *panel_.half_width));
    const double right =
        std::min(kScoreLeft + kScorePlotWidth, x(panel_.mean + *panel_.half_width));
    svg_.rect(left, kPlotTop, std::max(0.0, right - left), kScorePlotHeight,
              R"(class="interval" fill="#fed7aa")");
  }

  void bar(size_t i) {
    if (bins_.counts[i] == 0) return;
    const double begin = bins_.begin + bins_.width * static_cast<double>(i);
    const double top = y(bins_.counts[i]);
    svg_.rect(x(begin) + 0.5, top, x(begin + bins_.width) - x(begin) - 1,
              kPlotTop + kScorePlotHeight - top, R"(class="bar" fill="#2b6cb0")");
  }

  void mean() {
    if (!std::isfinite(panel_.mean)) return;
    svg_.path(fmt::format("M{:.1f} {:.1f} V{:.1f}", x(panel_.mean), kPlotTop,
                          kPlotTop + kScorePlotHeight),
              R"(stroke="#c05621" stroke-width="2")");
  }

  Svg& svg_;
  const ScorePanel& panel_;
  ScoreBins bins_;
  DrawnAxis x_;
  DrawnAxis y_;
};

}  // namespace

std::string draw_scores(const std::string& title, const std::vector<ScorePanel>& panels) {
  Svg svg;
  svg.text(20, 26, title, R"(font-size="15" font-weight="bold" fill="#1a202c")");
  double top = kScoreTop;
  for (const ScorePanel& panel : panels) {
    svg.begin_group(0, top);
    PanelDrawing(svg, panel, bins_for(panel, panels)).draw();
    svg.end_group();
    top += kScorePanelHeight;
  }
  return svg.document(kScoreWidth, top);
}

}  // namespace tessera
