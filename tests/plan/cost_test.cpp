#include "plan/cost.h"

#include <gtest/gtest.h>

#include "plan/whole_segment.h"
#include "target/target_text.h"

namespace tessera {
namespace {

// One pointwise convolution, whose tile is called so many times.
ChipSegment pointwise_segment(int64_t in, int64_t out, int64_t frames, int calls) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = editor.add(Input{{in, 1, frames}}, {}, "x").value();
  const NodeId y = editor.add(Conv{.weight = Tensor::full({out, in, 1, 1}, 1)}, {x}, "y").value();
  editor.add_output("y", y);
  ChipSegment segment = test::whole_segment(graph);
  segment.pieces.push_back({"seg_0", std::move(graph), {frames}, 1});
  segment.calls.assign(static_cast<size_t>(calls), PieceCall{0, {}});
  return segment;
}

Plan plan_of(std::vector<ChipSegment> segments) {
  Plan plan;
  for (size_t i = 0; i < segments.size(); ++i)
    plan.steps.push_back(SegmentStep{static_cast<int32_t>(i)});
  plan.segments = std::move(segments);
  return plan;
}

void expect_at_most(const Cost& less, const Cost& more) {
  EXPECT_LE(less.calls, more.calls);
  EXPECT_LE(less.bytes_in, more.bytes_in);
  EXPECT_LE(less.bytes_out, more.bytes_out);
  EXPECT_LE(less.macs, more.macs);
  EXPECT_LE(less.compute_s, more.compute_s);
  EXPECT_LE(less.link_s, more.link_s);
  EXPECT_LE(less.call_s, more.call_s);
}

// Three calls of 8 channels to 16 over 10 frames: one byte per value, 8 products per output.
TEST(SegmentCost, CountsWhatItsCallsMoveAndCompute) {
  Target target = real_target("hailo8");
  target.costs.at("link").value = 1e6;
  target.costs.at("call").value = 0.25;
  const Cost cost = segment_cost(pointwise_segment(8, 16, 10, 3), target);
  EXPECT_EQ(cost.calls, 3);
  EXPECT_EQ(cost.bytes_in, 3 * 8 * 10);
  EXPECT_EQ(cost.bytes_out, 3 * 16 * 10);
  EXPECT_EQ(cost.macs, 3 * 16 * 8 * 10);
  EXPECT_DOUBLE_EQ(cost.link_s, (240 + 480) / 1e6);
  EXPECT_DOUBLE_EQ(cost.call_s, 0.75);
  EXPECT_GT(cost.compute_s, 0);
  EXPECT_DOUBLE_EQ(cost.switch_s, 0);
  EXPECT_DOUBLE_EQ(cost.seconds(), cost.compute_s + cost.link_s + cost.call_s);
}

TEST(SegmentCost, GrowsWithTheWorkAndNeverShrinks) {
  const Target target = real_target("hailo8");
  const Cost base = segment_cost(pointwise_segment(16, 16, 64, 4), target);
  for (const ChipSegment& more :
       {pointwise_segment(32, 16, 64, 4), pointwise_segment(16, 32, 64, 4),
        pointwise_segment(16, 16, 128, 4), pointwise_segment(16, 16, 64, 5)}) {
    const Cost cost = segment_cost(more, target);
    expect_at_most(base, cost);
    EXPECT_GT(cost.macs, base.macs);
    EXPECT_GT(cost.seconds(), base.seconds());
  }
}

TEST(SegmentCost, OfTwiceTheCallsIsTwice) {
  const Target target = real_target("hailo8");
  Cost twice = segment_cost(pointwise_segment(16, 16, 64, 2), target);
  twice += twice;
  const Cost cost = segment_cost(pointwise_segment(16, 16, 64, 4), target);
  expect_at_most(twice, cost);
  expect_at_most(cost, twice);
}

TEST(SegmentVerdict, IsThatOfTheWorstPiece) {
  const Target target = real_target("hailo8");
  ChipSegment segment = pointwise_segment(16, 16, 64, 1);
  EXPECT_EQ(segment_verdict(segment, target), Verdict::fits);
  // 512 channels over 1000 frames: rows of 512000 bytes, which no compile has passed.
  segment.pieces.push_back(pointwise_segment(512, 512, 1000, 1).pieces[0]);
  EXPECT_EQ(segment_verdict(segment, target), Verdict::does_not_fit);
  std::swap(segment.pieces[0], segment.pieces[1]);
  EXPECT_EQ(segment_verdict(segment, target), Verdict::does_not_fit);
}

// Segments with a name of their own for each piece, called in turn.
Plan plan_of_layers(int layers, int calls = 1) {
  std::vector<ChipSegment> segments;
  for (int i = 0; i < layers; ++i) {
    segments.push_back(pointwise_segment(16, 16, 8, calls));
    segments.back().pieces[0].name = "seg_" + std::to_string(i);
  }
  return plan_of(std::move(segments));
}

// A chip with room for two such layers, each of 256 bytes of weights and 2 x 128 of frames.
Target narrow_target() {
  Target target = real_target("hailo8");
  target.units.at("clusters").value = 1;
  target.units.at("lcu").value = 2;
  target.costs.at("switch").value = 0.5;
  target.costs.at("link").value = 1024;
  return target;
}

TEST(CompiledFiles, OneStaysLoadedAndCostsNothing) {
  const Target target = real_target("hailo8");
  const Plan plan = plan_of({pointwise_segment(16, 16, 64, 9)});
  const FileEstimate one = estimate_files(plan, target);
  EXPECT_EQ(one.contexts, 1);
  EXPECT_DOUBLE_EQ(one.cost.switch_s, 0);
  EXPECT_EQ(one.cost.idle_bytes, 0);
}

TEST(CompiledFiles, OfFewestHoldAsMuchAsTheChip) {
  const Target target = narrow_target();
  const auto files = share_files(plan_of_layers(5), target, FileSharing::fewest);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].pieces, (std::vector<std::string>{"seg_0", "seg_1"}));
  EXPECT_EQ(files[0].bytes, 512);
  EXPECT_EQ(files[2].pieces, std::vector<std::string>{"seg_4"});
  EXPECT_EQ(share_files(plan_of_layers(5), target, FileSharing::none).size(), 5U);
  EXPECT_EQ(estimate_files(plan_of_layers(5), target).contexts, 3);
}

// Alone four layers are loaded once each, two by two twice; there each call moves the other's
// frames, too.
TEST(CompiledFiles, AreLoadedAtEveryChangeAndMoveIdleFrames) {
  const Target target = narrow_target();
  const Plan plan = plan_of_layers(4, 3);
  const Cost alone = cost_with_files(plan, target, share_files(plan, target, FileSharing::none));
  EXPECT_DOUBLE_EQ(alone.switch_s, 4 * (0.5 + 256.0 / 1024));
  EXPECT_EQ(alone.idle_bytes, 0);
  const Cost two = cost_with_files(plan, target, share_files(plan, target, FileSharing::fewest));
  EXPECT_DOUBLE_EQ(two.switch_s, 2 * (0.5 + 512.0 / 1024));
  EXPECT_EQ(two.idle_bytes, 4 * 3 * 256);
  EXPECT_DOUBLE_EQ(two.link_s - alone.link_s, 4 * 3 * 256 / 1024.0);
}

TEST(CompiledFiles, OfAKnownSizeAreSentWhole) {
  const Target target = narrow_target();
  const Plan plan = plan_of_layers(2);
  const std::vector<CompiledFile> files = {{{"seg_0"}, 10240}, {{"seg_1"}, 0}};
  EXPECT_DOUBLE_EQ(cost_with_files(plan, target, files).switch_s,
                   0.5 + 10240.0 / 1024 + 0.5 + 256.0 / 1024);
}

// A switch costs 1.25 s and more, a call's idle frames 0.25 s: sharing pays for one call, not for
// many.
TEST(CompiledFiles, AreSharedWhereThatSavesTime) {
  Target target = narrow_target();
  target.costs.at("switch").value = 1;
  EXPECT_EQ(share_files(plan_of_layers(4, 1), target, FileSharing::fastest).size(), 2U);
  EXPECT_EQ(share_files(plan_of_layers(4, 9), target, FileSharing::fastest).size(), 4U);
  for (const int calls : {1, 2, 3, 5, 9}) {
    const Plan plan = plan_of_layers(5, calls);
    const auto seconds = [&](FileSharing how) {
      return cost_with_files(plan, target, share_files(plan, target, how)).seconds();
    };
    EXPECT_LE(seconds(FileSharing::fastest), seconds(FileSharing::none) + 1e-12);
    EXPECT_LE(seconds(FileSharing::fastest), seconds(FileSharing::fewest) + 1e-12);
  }
}

// 16 bits of what goes in: two bytes each instead of one, on the link and nowhere else.
TEST(CostWithWideValues, AddsAByteForEachValueOnTheLink) {
  const Target target = real_target("hailo8");
  Plan plan = plan_of({pointwise_segment(8, 16, 10, 3)});
  plan.cost = segment_cost(plan.segments[0], target);
  const NodeId read = plan.segments[0].reads[0];
  const Cost wide = cost_with_wide_values(plan, target, [&](NodeId id) { return id == read; });
  EXPECT_EQ(wide.bytes_in, 2 * plan.cost.bytes_in);
  EXPECT_EQ(wide.bytes_out, plan.cost.bytes_out);
  EXPECT_GT(wide.link_s, plan.cost.link_s);
  EXPECT_DOUBLE_EQ(wide.compute_s, plan.cost.compute_s);
  EXPECT_DOUBLE_EQ(wide.call_s, plan.cost.call_s);
}

}  // namespace
}  // namespace tessera
