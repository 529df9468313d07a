#include "report/plan_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/counted.h"
#include "report/svg.h"

namespace tessera {
namespace {

constexpr double kPlanMargin = 24;
constexpr double kPlanTop = 78;      // title, summary and segment names
constexpr double kPlanHeight = 420;  // of the whole sequence
constexpr double kColumn = 26;       // least width of a segment
constexpr double kLane = 3;          // of tiles that cover the same time, while there is room
constexpr double kWidest = 52;       // of a segment
constexpr double kHost = 10;
constexpr double kGap = 5;
constexpr double kPlanAxis = 46;
constexpr double kPlanBottom = 136;

// First and last frame that a tile writes.
struct Extent1d {
  int64_t begin = 0;
  int64_t end = 0;
};

Extent1d extent_of(const Tile& tile, int64_t phases) {
  const int64_t begin = tile.phase + tile.write_begin * phases;
  return {begin, begin + (tile.write_frames - 1) * phases + 1};
}

// A tile and its place among those that cover the same time.
struct TileBar {
  Extent1d extent;
  size_t call = 0;
  size_t lane = 0;
};
struct TileBars {
  std::vector<TileBar> bars;
  size_t lanes = 1;
};

TileBars bars_of(const ChipSegment& segment) {
  TileBars made;
  std::vector<int64_t> free_from;  // by lane
  for (size_t c = 0; c < segment.calls.size(); ++c) {
    const std::vector<Tile>& tiles = segment.calls[c].tiles;
    for (size_t i = 0; i < tiles.size(); ++i) {
      const Extent1d extent = extent_of(tiles[i], segment.tiling.phases);
      const bool repeated = i > 0 && tiles[i].phase == tiles[i - 1].phase &&
                            tiles[i].write_begin == tiles[i - 1].write_begin;
      if (repeated || extent.end <= extent.begin) continue;
      size_t lane = 0;
      while (lane < free_from.size() && free_from[lane] > extent.begin) ++lane;
      if (lane == free_from.size()) free_from.push_back(0);
      free_from[lane] = extent.end;
      made.bars.push_back({extent, c, lane});
    }
  }
  made.lanes = std::max<size_t>(1, free_from.size());
  return made;
}

// Neighbours differ clearly; the hue goes around with the golden angle.
std::string colour_of(size_t segment, bool darker = false) {
  const double hue = std::fmod(static_cast<double>(segment) * 137.5, 360.0);
  return fmt::format("hsl({:.0f},55%,{}%)", hue, darker ? 54 : 66);
}

std::string what_of(const Tiling& tiling) {
  std::string text = fmt::format("{} {}", to_string(tiling.layout), tiling.tile_frames);
  if (tiling.stripes > 1) text += fmt::format("x{}", tiling.stripes);
  if (tiling.phases > 1) text += fmt::format(", {} phases", tiling.phases);
  return text;
}

class PlanDrawing {
 public:
  explicit PlanDrawing(const Plan& plan) : plan_(plan) {}

  std::string draw(const std::string& title) {
    x_ = kPlanMargin + kPlanAxis;
    for (const Step& step : plan_.steps) {
      if (const auto* run = std::get_if<SegmentStep>(&step)) {
        host_steps_ = 0;
        segment(static_cast<size_t>(run->segment));
      } else if (!is_input(std::get<HostStep>(step))) {
        host();
      }
    }
    const double width = std::max(x_ + kPlanMargin, 700.0);
    time_axis();
    head(title);
    legend();
    return svg_.document(width, kPlanTop + kPlanHeight + kPlanBottom);
  }

 private:
  bool is_input(const HostStep& step) const {
    return plan_.graph.get_if<Input>(step.node) != nullptr;
  }

  // Consecutive host steps are one grey column: the host has the whole sequence at once.
  void host() {
    if (++host_steps_ > 1) return;
    svg_.rect(x_, kPlanTop, kHost, kPlanHeight, R"(fill="#e2e8f0" stroke="none")");
    x_ += kHost + kGap;
  }

  void segment(size_t index) {
    const ChipSegment& segment = plan_.segments[index];
    const TileBars tiles = bars_of(segment);
    const auto lanes = static_cast<double>(tiles.lanes);
    const double width = std::clamp(lanes * kLane, kColumn, kWidest);
    const double lane = width / lanes;
    const auto frames = static_cast<double>(plan_.graph.node(segment.writes.front()).shape.w);
    for (size_t i = 0; i < tiles.bars.size(); ++i) {
      const TileBar& bar = tiles.bars[i];
      const double y = kPlanHeight * static_cast<double>(bar.extent.begin) / frames;
      const double height =
          kPlanHeight * static_cast<double>(bar.extent.end - bar.extent.begin) / frames;
      svg_.rect(x_ + static_cast<double>(bar.lane) * lane, kPlanTop + y, lane, height,
                fmt::format(R"(fill="{}")", colour_of(index, i % 2 == 1)));
    }
    const double middle = x_ + width / 2;
    rotated_label(middle, kPlanTop - 6, segment.name, "start");
    rotated_label(middle, kPlanTop + kPlanHeight + 8, what_of(segment.tiling), "end");
    x_ += width + kGap;
  }

  // Text that reads upwards.
  void rotated_label(double x, double y, std::string_view text, std::string_view anchor) {
    svg_.text(
        x + 3, y, text,
        fmt::format(
            R"s(font-size="8.5" fill="{}" text-anchor="{}" transform="rotate(-{} {:.1f} {:.1f})")s",
            kInk, anchor, anchor == "start" ? 90 : 60, x + 3, y));
  }

  void time_axis() {
    const int64_t frames = longest();
    for (int i = 0; i <= 4; ++i) {
      const double y = kPlanTop + kPlanHeight * i / 4;
      svg_.path(fmt::format("M{:.1f} {:.1f} H{:.1f}", kPlanMargin + kPlanAxis - 8, y,
                            kPlanMargin + kPlanAxis - 3),
                fmt::format(R"(stroke="{}")", kInk));
      svg_.text(kPlanMargin + kPlanAxis - 11, y + 3.5, fmt::to_string(frames * i / 4),
                fmt::format(R"(font-size="9.5" fill="{}" text-anchor="end")", kInk));
    }
    svg_.text(kPlanMargin, kPlanTop - 8, "frame",
              fmt::format(R"(font-size="9.5" fill="{}")", kInk));
  }

  int64_t longest() const {
    int64_t frames = 0;
    for (const ChipSegment& segment : plan_.segments) {
      frames = std::max(frames, plan_.graph.node(segment.writes.front()).shape.w);
    }
    return frames;
  }

  void head(const std::string& title) {
    svg_.text(kPlanMargin, 22, title, R"(font-size="14" font-weight="bold" fill="#1a202c")");
    svg_.text(kPlanMargin, 38,
              fmt::format("{} on {}: {}, {}, {:.1f} ms estimated", to_string(plan_.verdict),
                          plan_.recipe.target, counted(plan_.segments.size(), "segment"),
                          counted(plan_.cost.calls, "call"), plan_.cost.seconds() * 1e3),
              fmt::format(R"(font-size="11" fill="{}")", kInk));
  }

  void legend() {
    const double y = kPlanTop + kPlanHeight + kPlanBottom - 14;
    svg_.rect(kPlanMargin, y, 10, 10, R"(fill="#e2e8f0")");
    svg_.text(kPlanMargin + 15, y + 9, "host, whole sequence",
              fmt::format(R"(font-size="10" fill="{}")", kInk));
    svg_.rect(kPlanMargin + 140, y, 10, 10, fmt::format(R"(fill="{}")", colour_of(0)));
    svg_.text(
        kPlanMargin + 155, y + 9,
        "tiles of a segment over the frames they make; side by side: tiles of different phases",
        fmt::format(R"(font-size="10" fill="{}")", kInk));
  }

  const Plan& plan_;
  Svg svg_;
  double x_ = 0;
  int host_steps_ = 0;
};

}  // namespace

std::string draw_plan(const Plan& plan, const std::string& title) {
  return PlanDrawing(plan).draw(title);
}

}  // namespace tessera
