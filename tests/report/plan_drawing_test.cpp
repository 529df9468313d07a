#include "report/plan_drawing.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "support/conv_tasnet.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

Plan small_plan(int64_t tile_frames) {
  test::ConvTasNet network;
  network.samples = 3000;
  network.filters = 16;
  network.bottleneck = 8;
  network.hidden = 12;
  network.skip = 8;
  network.blocks = 4;
  network.repeats = 1;
  Graph graph = build(network);
  EXPECT_TRUE(rewrite(graph).has_value());
  const Target target =
      read_target(std::string(TESSERA_SOURCE_DIR) + "/targets/hailo8.toml").value();
  return make_plan(graph, target, {.layout = LayoutChoice::row, .tile_frames = tile_frames})
      .value();
}

size_t count(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<size_t>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator()));
}

TEST(PlanDrawing, HasABarForEveryTile) {
  const Plan plan = small_plan(100);
  size_t tiles = 0;
  for (const ChipSegment& segment : plan.segments) tiles += segment.calls.size();
  const std::string svg = draw_plan(plan, "small");
  EXPECT_EQ(count(svg, "<rect [^>]*fill=\"hsl"), tiles + 1);  // and one in the legend
}

TEST(PlanDrawing, NamesSegmentsAndPhasesAndEscapesTheTitle) {
  const std::string svg = draw_plan(small_plan(100), "a<b");
  EXPECT_NE(svg.find(">seg00<"), std::string::npos);
  EXPECT_NE(svg.find(", 8 phases<"), std::string::npos);
  EXPECT_NE(svg.find("a&lt;b"), std::string::npos);
}

}  // namespace
}  // namespace tessera
