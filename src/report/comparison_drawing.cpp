#include "report/comparison_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <vector>

#include "report/svg.h"

namespace tessera {
namespace {

constexpr double kMargin = 24;
constexpr double kAxis = 40;
constexpr double kTop = 64;
constexpr double kHeight = 320;
constexpr double kBottom = 130;  // names of the worst, legend
constexpr double kLeastStep = 7;
constexpr double kWidth = 900;  // of short networks
constexpr size_t kNamed = 6;
constexpr std::string_view kInk = "#4a5568";

std::string_view colour_of(const ValueComparison& value) {
  if (value.coding == "float") return "#a0aec0";
  return value.coding.ends_with("16") ? "#2f855a" : "#2b6cb0";
}

class Drawing {
 public:
  explicit Drawing(const ComparisonReport& report) : report_(report) {
    const auto count = static_cast<double>(std::max<size_t>(1, report.values.size()));
    step_ = std::max(kLeastStep, kWidth / count);
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
    worst();
    head(title);
    legend();
    return svg_.document(kMargin * 2 + kAxis + width_, kTop + kHeight + kBottom);
  }

 private:
  double x(size_t index) const {
    return kMargin + kAxis + (static_cast<double>(index) + 0.5) * step_;
  }
  double y(double snr_db) const {
    const double at = std::clamp(snr_db, bottom_db_, top_db_);
    return kTop + kHeight * (top_db_ - at) / (top_db_ - bottom_db_);
  }

  void grid() {
    for (double db = bottom_db_; db <= top_db_ - 1; db += 20) {
      svg_.path(fmt::format("M{:.1f} {:.1f} h{:.1f}", kMargin + kAxis, y(db), width_),
                R"(stroke="#e2e8f0")");
      svg_.text(kMargin + kAxis - 6, y(db) + 3.5, fmt::format("{:.0f}", db),
                fmt::format(R"(font-size="10" fill="{}" text-anchor="end")", kInk));
    }
    svg_.text(kMargin + kAxis - 6, y(top_db_) + 3.5, "exact",
              fmt::format(R"(font-size="10" fill="{}" text-anchor="end")", kInk));
    svg_.text(kMargin, kTop - 10, "SNR dB", fmt::format(R"(font-size="10" fill="{}")", kInk));
  }

  // A mark where each block of a Conv-TasNet begins.
  void blocks() {
    for (size_t i = 0; i < report_.values.size(); ++i) {
      for (const std::string& role : report_.values[i].roles) {
        if (!role.starts_with("tcn") || !role.ends_with("_in")) continue;
        svg_.path(fmt::format("M{:.1f} {:.1f} v{:.1f}", x(i) - step_ / 2, kTop, kHeight),
                  R"(stroke="#edf2f7")");
        svg_.text(x(i), kTop + 10, role.substr(3, role.size() - 6),
                  R"(font-size="8.5" fill="#718096")");
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

  // A ring around the worst, and their names below.
  void worst() {
    const std::vector<size_t> order = report_.worst_first();
    std::vector<size_t> named;
    for (size_t i = 0; i < std::min(kNamed, order.size()); ++i) {
      if (report_.values[order[i]].difference.snr_db < kExactDb) named.push_back(order[i]);
    }
    std::sort(named.begin(), named.end());
    double free_from = 0;
    for (size_t i : named) {
      const ValueComparison& value = report_.values[i];
      const double at = y(value.difference.snr_db);
      svg_.rect(x(i) - 4.5, at - 4.5, 9, 9, R"(rx="4.5" fill="none" stroke="#c53030")");
      const double label = std::max(x(i), free_from);
      free_from = label + 11;
      const double below = kTop + kHeight + 6;
      svg_.path(fmt::format("M{:.1f} {:.1f} V{:.1f} L{:.1f} {:.1f}", x(i), at + 4.5, below - 4,
                            label, below),
                R"(stroke="#feb2b2" stroke-width="0.7")");
      svg_.text(
          label + 3, below + 4, fmt::format("{:.1f} {}", value.difference.snr_db, value.value),
          fmt::format(
              R"s(font-size="9" fill="#c53030" text-anchor="end" transform="rotate(-40 {:.1f} {:.1f})")s",
              label + 3, below + 4));
    }
  }

  void head(const std::string& title) {
    svg_.text(kMargin, 22, title, R"(font-size="14" font-weight="bold" fill="#1a202c")");
    std::string outputs;
    for (const ValueComparison& output : report_.outputs) {
      const double snr = output.difference.snr_db;
      outputs += fmt::format("; {}: {}", output.name,
                             snr >= kExactDb ? "exact" : fmt::format("{:.1f} dB", snr));
    }
    svg_.text(kMargin, 40,
              fmt::format("{} values that both have{}", report_.values.size(), outputs),
              fmt::format(R"(font-size="11" fill="{}")", kInk));
  }

  void legend() {
    const double at = kTop + kHeight + kBottom - 16;
    double from = kMargin + kAxis;
    const std::pair<std::string_view, std::string_view> kinds[] = {
        {"#2b6cb0", "8 bits"}, {"#2f855a", "16 bits"}, {"#a0aec0", "float"}};
    for (const auto& [colour, name] : kinds) {
      point(from, at, colour);
      svg_.text(from + 8, at + 3.5, name, fmt::format(R"(font-size="10" fill="{}")", kInk));
      from += 70;
    }
    svg_.rect(from - 4.5, at - 4.5, 9, 9, R"(rx="4.5" fill="none" stroke="#c53030")");
    svg_.text(from + 8, at + 3.5, "worst; numbers at the top: blocks",
              fmt::format(R"(font-size="10" fill="{}")", kInk));
  }

  const ComparisonReport& report_;
  Svg svg_;
  double step_ = kLeastStep;
  double width_ = kWidth;
  double top_db_ = 0;
  double bottom_db_ = 0;
};

}  // namespace

std::string draw_comparison(const ComparisonReport& report, const std::string& title) {
  return Drawing(report).draw(title);
}

}  // namespace tessera
