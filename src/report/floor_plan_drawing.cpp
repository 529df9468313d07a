#include "report/floor_plan_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "report/svg.h"
#include "report/svg_label.h"

namespace tessera {
namespace {

constexpr double kFloorMargin = 24;
constexpr double kClusterWidth = 270;
constexpr double kClusterGap = 14;
constexpr double kClusterHead = 24;
constexpr double kBarHeight = 11;
constexpr double kBarPitch = 15;
constexpr double kBarLabel = 62;
constexpr double kBarNumber = 52;
constexpr double kCellHeight = 15;
constexpr double kCellGap = 2;
constexpr size_t kColumns = 4;
constexpr size_t kCellColumns = 2;
constexpr size_t kMaxCells = 24;  // of a cluster; the last says how many more there are

double load_of(const FloorUnits& units) {
  if (units.have == 0) return 0;
  return static_cast<double>(units.used) / static_cast<double>(units.have);
}

const FloorUnits* fullest(const FloorCluster& cluster) {
  const auto found = std::max_element(
      cluster.units.begin(), cluster.units.end(),
      [](const FloorUnits& a, const FloorUnits& b) { return load_of(a) < load_of(b); });
  return found == cluster.units.end() || found->used == 0 ? nullptr : &*found;
}

// Green where there is room, yellow at three quarters (what the compiler may use), red when full.
std::string load_colour(double load, int lightness) {
  const double full = std::clamp(load, 0.0, 1.0);
  const double hue = full <= 0.75 ? 140 - 90 * full / 0.75 : 50 - 50 * (full - 0.75) / 0.25;
  return fmt::format("hsl({:.0f},62%,{}%)", hue, lightness);
}

std::string label_style(double size, std::string_view fill, std::string_view more = "") {
  return fmt::format(R"(font-size="{}" fill="{}" {})", size, fill, more);
}

class FloorDrawing {
 public:
  std::string draw(const std::vector<FloorPlan>& plans) {
    y_ = kFloorMargin;
    for (const FloorPlan& plan : plans) draw_plan(plan);
    legend();
    return svg_.document(2 * kFloorMargin + kColumns * kClusterWidth + (kColumns - 1) * kClusterGap,
                         y_ + kFloorMargin);
  }

 private:
  void draw_plan(const FloorPlan& plan) {
    svg_.text(kFloorMargin, y_ + 10, plan.title,
              label_style(15, "#1a202c", R"(font-weight="bold")"));
    y_ += 18;
    for (const std::string& fact : plan.facts) {
      svg_.text(kFloorMargin, y_ + 11, fact, label_style(11, kInk));
      y_ += 15;
    }
    y_ += 10;
    for (size_t first = 0; first < plan.clusters.size(); first += kColumns) {
      const size_t end = std::min(first + kColumns, plan.clusters.size());
      double height = 0;
      for (size_t i = first; i < end; ++i) height = std::max(height, height_of(plan.clusters[i]));
      for (size_t i = first; i < end; ++i) {
        const double x =
            kFloorMargin + static_cast<double>(i - first) * (kClusterWidth + kClusterGap);
        draw_cluster(plan.clusters[i], x, height);
      }
      y_ += height + kClusterGap;
    }
  }

  static size_t cell_rows(const FloorCluster& cluster) {
    const size_t cells = std::min(cluster.layers.size(), kMaxCells);
    return (cells + kCellColumns - 1) / kCellColumns;
  }

  static double height_of(const FloorCluster& cluster) {
    return kClusterHead + static_cast<double>(cluster.units.size()) * kBarPitch + 12 +
           static_cast<double>(cell_rows(cluster)) * (kCellHeight + kCellGap) + 6;
  }

  void draw_cluster(const FloorCluster& cluster, double x, double height) {
    const FloorUnits* full = fullest(cluster);
    const double load = full == nullptr ? 0 : load_of(*full);
    svg_.rect(x, y_, kClusterWidth, height,
              full == nullptr ? std::string(R"(rx="5" fill="#f7fafc" stroke="#cbd5e0")")
                              : fmt::format(R"(rx="5" fill="{}" stroke="{}" stroke-width="1.2")",
                                            load_colour(load, 94), load_colour(load, 45)));
    svg_.text(x + 10, y_ + 17, fmt::format("cluster {}", cluster.index),
              label_style(12, "#1a202c", R"(font-weight="bold")"));
    svg_.text(x + kClusterWidth - 10, y_ + 17,
              full == nullptr ? "empty" : fmt::format("{} {:.0f} %", full->name, 100 * load),
              label_style(10.5, kInk, R"(text-anchor="end")"));
    double y = y_ + kClusterHead;
    for (const FloorUnits& units : cluster.units) {
      draw_bar(units, x + 10, y);
      y += kBarPitch;
    }
    draw_layers(cluster, x + 10, y + 8);
  }

  void draw_bar(const FloorUnits& units, double x, double y) {
    const double width = kClusterWidth - 20 - kBarLabel - kBarNumber;
    const double load = load_of(units);
    svg_.text(x, y + 9, units.name, label_style(10, kInk));
    svg_.rect(x + kBarLabel, y, width, kBarHeight, R"(fill="#ffffff" stroke="#cbd5e0")");
    if (units.used > 0) {
      svg_.rect(x + kBarLabel, y, std::max(1.0, width * std::min(load, 1.0)), kBarHeight,
                fmt::format(R"(fill="{}")", load_colour(load, 60)));
    }
    svg_.text(x + kClusterWidth - 20, y + 9, fmt::format("{} / {}", units.used, units.have),
              label_style(10, kInk, R"(text-anchor="end")"));
  }

  // One cell a layer; the darker, the larger its share of the cluster.
  void draw_layers(const FloorCluster& cluster, double x, double y) {
    const double width = (kClusterWidth - 20 - (kCellColumns - 1) * kCellGap) / kCellColumns;
    uint64_t most = 1;
    for (const FloorLayer& layer : cluster.layers) most = std::max(most, layer.weight);
    const size_t cells = std::min(cluster.layers.size(), kMaxCells);
    for (size_t i = 0; i < cells; ++i) {
      const double left = x + static_cast<double>(i % kCellColumns) * (width + kCellGap);
      const double top = y + static_cast<double>(i / kCellColumns) * (kCellHeight + kCellGap);
      const FloorLayer& layer = cluster.layers[i];
      const bool rest = i + 1 == kMaxCells && cluster.layers.size() > kMaxCells;
      const double share = static_cast<double>(layer.weight) / static_cast<double>(most);
      svg_.rect(left, top, width, kCellHeight,
                rest ? std::string(R"(fill="#edf2f7")")
                     : fmt::format(R"s(fill="hsl(212,55%,{:.0f}%)")s", 95 - 25 * share));
      const std::string text = rest ? fmt::format("and {} more", cluster.layers.size() - i)
                                    : end_within(layer.name, width - 26, 9);
      svg_.text(left + 4, top + 11, text, label_style(9, "#1a202c"));
      if (rest) continue;
      svg_.text(left + width - 4, top + 11, fmt::format("{}", layer.weight),
                label_style(9, kInk, R"(text-anchor="end")"));
    }
  }

  void legend() {
    double x = kFloorMargin;
    svg_.text(x, y_ + 10, "load of the fullest unit", label_style(10, kInk));
    x += 160;
    for (const double load : {0.25, 0.5, 0.75, 0.9, 1.0}) {
      svg_.rect(x, y_ + 1, 12, 12, fmt::format(R"(fill="{}")", load_colour(load, 60)));
      svg_.text(x + 16, y_ + 11, fmt::format("{:.0f} %", 100 * load), label_style(10, kInk));
      x += 62;
    }
    svg_.text(x + 10, y_ + 11, "cells: layers and how many compute units each has",
              label_style(10, kInk));
    y_ += 16;
  }

  Svg svg_;
  double y_ = 0;
};

}  // namespace

std::string draw_floor_plans(const std::vector<FloorPlan>& plans) {
  return FloorDrawing().draw(plans);
}

}  // namespace tessera
