#include "report/comparison_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <vector>

#include "base/counted.h"
#include "report/svg.h"
#include "report/svg_label.h"

namespace tessera {
namespace {

constexpr double kValuesMargin = 24;
constexpr double kValuesAxis = 40;
constexpr double kValuesTop = 64;
constexpr double kValuesHeight = 320;
constexpr double kValuesLegend = 48;  // below the plot: numbers of the worst, legend
constexpr double kWorstRow = 15;
constexpr double kMinStep = 7;
constexpr double kValuesWidth = 900;  // of short networks
constexpr size_t kNamed = 6;
constexpr double kBlockFont = 8.5;
constexpr double kWorstFont = 10;
constexpr double kWorstStep = 14;  // between the numbers of neighbours
constexpr double kTitleFont = 14;

std::string_view colour_of(const ValueComparison& value) {
  if (value.coding == "float") return "#a0aec0";
  return value.coding.ends_with("16") ? "#2f855a" : "#2b6cb0";
}

class ComparisonDrawing {
 public:
  explicit ComparisonDrawing(const ComparisonReport& report) : report_(report) {
    const auto count = static_cast<double>(std::max<size_t>(1, report.values.size()));
    step_ = std::max(kMinStep, kValuesWidth / count);
    width_ = count * step_;
    double most = 20;
    double least = 0;
    for (const ValueComparison& value : report.values) {
      const double snr = value.difference.snr_db;
      if (value.statistics) continue;
      if (snr < kExactDb) most = std::max(most, snr);
      if (std::isfinite(snr)) least = std::min(least, snr);
    }
    top_db_ = std::min(kExactDb, std::ceil(most / 20) * 20 + 10);
    bottom_db_ = std::max(-40.0, std::floor(least / 20) * 20);
  }

  std::string draw(const std::string& title) {
    grid();
    blocks();
    line();
    points();
    const std::vector<size_t> named = worst();
    number(named);
    head(title);
    legend();
    list(named);
    return svg_.document(full_width(), kValuesTop + kValuesHeight + kValuesLegend +
                                           kWorstRow * static_cast<double>(named.size() + 1));
  }

 private:
  double full_width() const { return kValuesMargin * 2 + kValuesAxis + width_; }
  double x(size_t index) const {
    return kValuesMargin + kValuesAxis + (static_cast<double>(index) + 0.5) * step_;
  }
  double y(double snr_db) const {
    const double at = std::clamp(snr_db, bottom_db_, top_db_);
    return kValuesTop + kValuesHeight * (top_db_ - at) / (top_db_ - bottom_db_);
  }

  void grid() {
    for (double db = bottom_db_; db <= top_db_ - 1; db += 20) {
      svg_.path(fmt::format("M{:.1f} {:.1f} h{:.1f}", kValuesMargin + kValuesAxis, y(db), width_),
                R"(stroke="#e2e8f0")");
      svg_.text(kValuesMargin + kValuesAxis - 6, y(db) + 3.5, fmt::format("{:.0f}", db),
                fmt::format(R"(font-size="10" fill="{}" text-anchor="end")", kInk));
    }
    svg_.text(kValuesMargin + kValuesAxis - 6, y(top_db_) + 3.5, "exact",
              fmt::format(R"(font-size="10" fill="{}" text-anchor="end")", kInk));
    svg_.text(kValuesMargin, kValuesTop - 10, "SNR dB",
              fmt::format(R"(font-size="10" fill="{}")", kInk));
  }

  // A mark where each block of a Conv-TasNet begins, with its number where there is room.
  void blocks() {
    double free_from = 0;
    for (size_t i = 0; i < report_.values.size(); ++i) {
      for (const std::string& role : report_.values[i].roles) {
        if (!role.starts_with("tcn") || !role.ends_with("_in")) continue;
        const double at = x(i) - step_ / 2;
        svg_.path(fmt::format("M{:.1f} {:.1f} v{:.1f}", at, kValuesTop, kValuesHeight),
                  R"(stroke="#edf2f7")");
        if (at < free_from) continue;
        const std::string block = role.substr(3, role.size() - 6);
        svg_.text(at, kValuesTop - 6, block,
                  fmt::format(R"(font-size="{}" fill="#718096")", kBlockFont));
        free_from = at + label_width(block + " ", kBlockFont);
      }
    }
  }

  void line() {
    std::string data;
    for (size_t i = 0; i < report_.values.size(); ++i) {
      if (report_.values[i].statistics) continue;
      data += fmt::format("{}{:.1f} {:.1f}", data.empty() ? "M" : " L", x(i),
                          y(report_.values[i].difference.snr_db));
    }
    if (!data.empty()) svg_.path(data, R"(stroke="#cbd5e0" stroke-width="1")");
  }

  void point(double at_x, double at_y, std::string_view colour) {
    svg_.rect(at_x - 2.5, at_y - 2.5, 5, 5, fmt::format(R"(rx="2.5" fill="{}")", colour));
  }

  void points() {
    for (size_t i = 0; i < report_.values.size(); ++i) {
      const ValueComparison& value = report_.values[i];
      // Statistics of norms average the error away: they would hide what values do.
      if (!value.statistics) point(x(i), y(value.difference.snr_db), colour_of(value));
    }
  }

  // In their order along the network.
  std::vector<size_t> worst() const {
    const std::vector<size_t> order = report_.worst_first();
    std::vector<size_t> named;
    for (size_t i = 0; i < std::min(kNamed, order.size()); ++i) {
      if (report_.values[order[i]].difference.snr_db < kExactDb) named.push_back(order[i]);
    }
    std::sort(named.begin(), named.end());
    return named;
  }

  // A ring around each, and a line to its number below the plot.
  void number(const std::vector<size_t>& named) {
    const double last = kValuesMargin + kValuesAxis + width_;
    double free_from = 0;
    for (size_t n = 0; n < named.size(); ++n) {
      const double to_come = kWorstStep * static_cast<double>(named.size() - 1 - n);
      const double from = x(named[n]);
      const double label = std::max(free_from, std::min(from, last - to_come));
      free_from = label + kWorstStep;
      const double at = y(report_.values[named[n]].difference.snr_db);
      const double below = kValuesTop + kValuesHeight + 8;
      svg_.rect(from - 4.5, at - 4.5, 9, 9, R"(rx="4.5" fill="none" stroke="#c53030")");
      svg_.path(fmt::format("M{:.1f} {:.1f} V{:.1f} L{:.1f} {:.1f}", from, at + 4.5,
                            kValuesTop + kValuesHeight, label, below),
                R"(stroke="#feb2b2" stroke-width="0.7")");
      svg_.text(label, below + kWorstFont, fmt::to_string(n + 1),
                fmt::format(R"(font-size="{}" fill="#c53030" text-anchor="middle")", kWorstFont));
    }
  }

  // What the numbers stand for, a row each.
  void list(const std::vector<size_t>& named) {
    for (size_t n = 0; n < named.size(); ++n) {
      const ValueComparison& value = report_.values[named[n]];
      const std::string row = fmt::format("{}: {:.1f} dB, ", n + 1, value.difference.snr_db);
      const double room =
          full_width() - 2 * kValuesMargin - kValuesAxis - label_width(row, kWorstFont);
      svg_.text(kValuesMargin + kValuesAxis,
                kValuesTop + kValuesHeight + kValuesLegend + kWorstRow * static_cast<double>(n + 1),
                row + end_within(value.value, room, kWorstFont),
                fmt::format(R"(font-size="{}" fill="#c53030")", kWorstFont));
    }
  }

  void head(const std::string& title) {
    const double room = full_width() - 2 * kValuesMargin;
    svg_.text(kValuesMargin, 22, end_within(title, room, kTitleFont),
              fmt::format(R"(font-size="{}" font-weight="bold" fill="#1a202c")", kTitleFont));
    std::string outputs;
    for (const ValueComparison& output : report_.outputs) {
      const double snr = output.difference.snr_db;
      outputs += fmt::format("; {}: {}", output.name,
                             snr >= kExactDb ? "exact" : fmt::format("{:.1f} dB", snr));
    }
    svg_.text(kValuesMargin, 40,
              fmt::format("{} that both have{}", counted(report_.values.size(), "value"), outputs),
              fmt::format(R"(font-size="11" fill="{}")", kInk));
  }

  void legend() {
    const double at = kValuesTop + kValuesHeight + kValuesLegend - 8;
    double from = kValuesMargin + kValuesAxis;
    const std::pair<std::string_view, std::string_view> kinds[] = {
        {"#2b6cb0", "8 bits"}, {"#2f855a", "16 bits"}, {"#a0aec0", "float"}};
    for (const auto& [colour, name] : kinds) {
      point(from, at, colour);
      svg_.text(from + 8, at + 3.5, name, fmt::format(R"(font-size="10" fill="{}")", kInk));
      from += 70;
    }
    svg_.rect(from - 4.5, at - 4.5, 9, 9, R"(rx="4.5" fill="none" stroke="#c53030")");
    svg_.text(from + 8, at + 3.5, "worst, numbered; numbers at the top: blocks",
              fmt::format(R"(font-size="10" fill="{}")", kInk));
  }

  const ComparisonReport& report_;
  Svg svg_;
  double step_ = kMinStep;
  double width_ = kValuesWidth;
  double top_db_ = 0;
  double bottom_db_ = 0;
};

}  // namespace

std::string draw_comparison(const ComparisonReport& report, const std::string& title) {
  return ComparisonDrawing(report).draw(title);
}

}  // namespace tessera
