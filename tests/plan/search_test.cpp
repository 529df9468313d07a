#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/conv_tasnet.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

Target target_named(const std::string& name) {
  return read_target(std::string(TESSERA_SOURCE_DIR) + "/targets/" + name + ".toml").value();
}

Graph legal(const test::ConvTasNet& network) {
  Graph graph = build(network);
  EXPECT_TRUE(rewrite(graph).has_value());
  return graph;
}

test::ConvTasNet small() {
  test::ConvTasNet network;
  network.samples = 8000;
  network.filters = 64;
  network.bottleneck = 32;
  network.hidden = 64;
  network.skip = 32;
  network.blocks = 2;
  network.repeats = 1;
  return network;
}

TEST(Plan, HasOnlyPiecesThatFit) {
  const Target target = target_named("hailo8");
  const Result<Plan> plan = make_plan(legal(small()), target);
  ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
  EXPECT_EQ(plan->segments.size(), 5u);  // the bottleneck and two per block
  for (const ChipSegment& segment : plan->segments) {
    for (const Piece& piece : segment.pieces) {
      EXPECT_EQ(check(piece.graph, target).verdict, Verdict::fits) << piece.name;
    }
  }
  EXPECT_EQ(plan->verdict, Verdict::fits);
}

// No compile on record has a dilation beyond 2: the default network's 4 to 128 are gathered by
// phases.
TEST(Plan, PromisesNothingThatNoCompileHasShown) {
  const Target target = target_named("hailo8");
  const Result<Plan> plan = make_plan(legal({}), target);
  ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
  std::set<int64_t> phases;
  for (const ChipSegment& segment : plan->segments) {
    phases.insert(segment.tiling.phases);
    for (const Piece& piece : segment.pieces) {
      EXPECT_EQ(check(piece.graph, target).verdict, Verdict::fits) << piece.name;
    }
  }
  EXPECT_EQ(phases, (std::set<int64_t>{1, 4, 8, 16, 32, 64, 128}));
}

TEST(Plan, GivesTheHostWhatARuleOfTheTargetForbids) {
  Target target = target_named("hailo8");
  target.support.at("activations") = {{"relu"}, {"prelu"}, "a test"};
  const Result<Plan> plan = make_plan(legal(small()), target);
  ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
  int reasons = 0;
  for (const Step& step : plan->steps) {
    const auto* host = std::get_if<HostStep>(&step);
    if (host != nullptr && host->reason == "rule activation: prelu") ++reasons;
  }
  EXPECT_EQ(reasons, 2 * 2 + 1);  // two per block, one before the mask convolution
}

TEST(Plan, CoversEveryFrameOnce) {
  const Result<Plan> plan = make_plan(legal(small()), target_named("hailo8"), {.tile_frames = 300});
  ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
  for (const ChipSegment& segment : plan->segments) {
    std::vector<int> written(static_cast<size_t>(plan->graph.node(segment.writes[0]).shape.w), 0);
    for (const PieceCall& call : segment.calls) {
      for (size_t i = 0; i < call.tiles.size(); ++i) {
        const Tile& tile = call.tiles[i];
        if (i > 0 && tile.write_begin == call.tiles[i - 1].write_begin &&
            tile.phase == call.tiles[i - 1].phase) {
          continue;
        }  // fills a call
        for (int64_t t = 0; t < tile.write_frames; ++t) {
          ++written[static_cast<size_t>(tile.phase +
                                        (tile.write_begin + t) * segment.tiling.phases)];
        }
      }
    }
    EXPECT_TRUE(std::all_of(written.begin(), written.end(), [](int n) { return n == 1; }))
        << segment.name;
  }
}

TEST(Plan, KeepsToTheLayoutAskedFor) {
  for (auto [choice, layout] : {std::pair(LayoutChoice::row, Layout::row),
                                std::pair(LayoutChoice::stripes, Layout::stripes)}) {
    const Result<Plan> plan = make_plan(legal(small()), target_named("hailo8"), {.layout = choice});
    ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
    for (const ChipSegment& segment : plan->segments) EXPECT_EQ(segment.tiling.layout, layout);
  }
}

TEST(Plan, RefusesOptionsWithoutMeaning) {
  const Graph graph = legal(small());
  EXPECT_EQ(make_plan(graph, target_named("hailo8"), {.tile_frames = -1}).error().to_string(),
            "tile frames: -1 has no meaning (choose at least 1, or 0 to have it searched)");
}

TEST(Plan, NamesTheRuleThatNoCutKeeps) {
  Target target = target_named("hailo8");
  for (const char* key : {"row_bytes", "row_width"}) {
    const auto found = target.limits.find(key);
    if (found == target.limits.end()) continue;
    found->second.pass = 1;
    found->second.fail = 2;
    found->second.data_points.clear();
  }
  const Result<Plan> plan =
      make_plan(legal(small()), target, {.tile_frames = 64, .block_channels = 16});
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(plan.error().message.find("no cut fits 'hailo8': the smallest piece"),
            std::string::npos)
      << plan.error().message;
  EXPECT_NE(plan.error().message.find("breaks rule row_"), std::string::npos)
      << plan.error().message;
}

TEST(Plan, CountsTwoBytesOnTheLinkForValuesOf16Bits) {
  const Target target = target_named("hailo8");
  const Plan plan = make_plan(legal(small()), target).value();
  const Cost none = cost_with_wide_values(plan, target, [](NodeId) { return false; });
  EXPECT_EQ(none.seconds(), plan.cost.seconds());
  EXPECT_EQ(none.bytes_in, plan.cost.bytes_in);
  const Cost all = cost_with_wide_values(plan, target, [](NodeId) { return true; });
  EXPECT_EQ(all.bytes_in, 2 * plan.cost.bytes_in);
  EXPECT_EQ(all.bytes_out, 2 * plan.cost.bytes_out);
  EXPECT_DOUBLE_EQ(all.link_s, 2 * plan.cost.link_s);
  EXPECT_EQ(all.compute_s, plan.cost.compute_s);
  // One that is written once and read once.
  const NodeId between = plan.segments[1].writes[0];
  const Cost one = cost_with_wide_values(plan, target, [&](NodeId id) { return id == between; });
  EXPECT_GT(one.bytes_out, plan.cost.bytes_out);
  EXPECT_LT(one.bytes_out, all.bytes_out);
}

}  // namespace
}  // namespace tessera
