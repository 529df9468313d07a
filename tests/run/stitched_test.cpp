// Tiles stitched together are the whole network: every norm, tile width, layout and length.
#include "tessera/session.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "graph/compare.h"
#include "plan/segments.h"
#include "plan/tiling.h"
#include "support/conv_tasnet.h"
#include "support/random_values.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

using test::ConvTasNet;

ConvTasNet small(NormKind norm, bool causal) {
  ConvTasNet network = test::small_conv_tasnet(3011, norm);
  network.blocks = 4;
  network.causal = causal;
  return network;
}

Plan plan_with(const Graph& graph, const PartitionOptions& placement, const Tiling& tiling) {
  Plan plan;
  plan.graph = graph;
  Division division = divide(graph, partition_nodes(graph, placement));
  plan.segments = std::move(division.segments);
  plan.steps = std::move(division.steps);
  for (ChipSegment& segment : plan.segments) {
    segment.tiling = tiling;
    const Result<void> tiled = tile_segment(graph, segment);
    EXPECT_TRUE(tiled.has_value()) << tiled.error().to_string();
  }
  return plan;
}

// Largest |stitched - whole| over the outputs, relative to the whole's peak.
double stitched_error(const Graph& graph, const Plan& plan) {
  auto backend = make_backend("reference");
  EXPECT_TRUE(backend.has_value());
  auto stitched = StitchedExecutable::load(plan, **backend);
  EXPECT_TRUE(stitched.has_value()) << stitched.error().to_string();
  if (!stitched) return 1e9;
  const std::vector<std::vector<float>> input = test::random_inputs(graph, 7);
  const auto expected = test::run_graph(graph, input);
  std::vector<float> actual(expected[0].size());
  const std::vector<ConstValues> inputs{ConstValues(input[0])};
  const std::vector<Values> outputs{Values(actual)};
  EXPECT_TRUE((*stitched)->run(inputs, outputs).has_value());
  double error = 0;
  double peak = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    error = std::max(
        error, std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[0][i])));
    peak = std::max(peak, std::abs(static_cast<double>(expected[0][i])));
  }
  return error / peak;
}

struct Case {
  NormKind norm;
  bool causal;
  Tiling tiling;
};

class StitchedEqualsWhole : public testing::TestWithParam<Case> {};

TEST_P(StitchedEqualsWhole, ForHaloesDeeperThanATile) {
  const Case& c = GetParam();
  const Graph graph = build(small(c.norm, c.causal));
  const Plan plan = plan_with(graph, {}, c.tiling);
  EXPECT_LE(stitched_error(graph, plan), 1e-5);
}

std::vector<Case> cases() {
  std::vector<Case> list;
  for (NormKind norm : {NormKind::batch, NormKind::channel_wise}) {
    for (bool causal : {false, true}) {
      for (int64_t frames : {1, 7, 64, 300, 1000})
        list.push_back({norm, causal, {Layout::row, frames, 1}});
    }
  }
  for (bool causal : {false, true}) {
    for (int64_t frames : {16, 64})
      list.push_back({NormKind::batch, causal, {Layout::stripes, frames, 8}});
  }
  return list;
}

std::string case_name(const testing::TestParamInfo<Case>& tested) {
  const Case& c = tested.param;
  return fmt::format("{}_{}_{}_{}", to_string(c.norm), c.causal ? "causal" : "centred",
                     to_string(c.tiling.layout), c.tiling.tile_frames);
}

INSTANTIATE_TEST_SUITE_P(Tilings, StitchedEqualsWhole, testing::ValuesIn(cases()), case_name);

TEST(Stitched, EncoderAndDecoderOnTheChipToo) {
  const Graph graph = build(small(NormKind::batch, false));
  PartitionOptions placement;
  placement.encoder_on_chip = placement.masks_on_chip = true;
  const Plan plan = plan_with(graph, placement, {Layout::row, 500, 1});
  EXPECT_LE(stitched_error(graph, plan), 1e-5);
}

// The constant is a host step before the segment, on its own.
TEST(Stitched, ASequenceIsDividedByAConstantAfterTheChip) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{{2, 1, 20}}, {}, "x").value();
  Conv conv;
  conv.weight = Tensor::full({1, 2, 1, 3}, 0.25F);
  conv.padding.left = conv.padding.right = 1;
  const NodeId y = editor.add(std::move(conv), {x}).value();
  std::vector<float> counts(20, 3);
  counts.front() = counts.back() = 2;
  const NodeId c = editor.add(Constant{Tensor({1, 1, 20}, std::move(counts))}, {}).value();
  editor.add_output("y", editor.add(Binary{BinaryKind::div}, {y, c}).value());
  ASSERT_TRUE(editor.enter(GraphForm::imported));
  ASSERT_TRUE(rewrite(graph));
  Tiling tiling;
  tiling.tile_frames = 8;
  const Plan plan = plan_with(graph, {}, tiling);
  EXPECT_EQ(plan.segments.size(), 1U);
  EXPECT_LT(stitched_error(graph, plan), 1e-6);
}

TEST(Stitched, BarriersDivideANetworkIntoSegments) {
  const Graph graph = build(small(NormKind::global, false));
  const Plan plan = plan_with(graph, {}, {Layout::row, 100, 1});
  EXPECT_EQ(plan.segments.size(), 2u * 4 * 2 + 1);
  EXPECT_LE(stitched_error(graph, plan), 1e-5);
}

Target hailo8() {
  return read_target(std::string(TESSERA_SOURCE_DIR) + "/targets/hailo8.toml").value();
}

Graph legal(const ConvTasNet& network) {
  Graph graph = build(network);
  const auto log = rewrite(graph);
  EXPECT_TRUE(log.has_value()) << log.error().to_string();
  return graph;
}

int64_t widest_dilation(const Plan& plan) {
  int64_t widest = 1;
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces) {
      for (NodeId id : piece.graph.order()) {
        const auto* conv = piece.graph.get_if<Conv>(id);
        if (conv == nullptr) continue;
        widest = std::max({widest, conv->dilation.w, conv->dilation.h});
      }
    }
  }
  return widest;
}

struct Phased {
  NormKind norm;
  bool causal;
  int64_t samples;
  PlanOptions options;
};

class StitchedByPhases : public testing::TestWithParam<Phased> {};

// Dilations 1 to 16 on a chip that is known to have 1 and 2 only.
TEST_P(StitchedByPhases, EqualsWholeWithoutDilationOnTheChip) {
  const Phased& c = GetParam();
  ConvTasNet network = small(c.norm, c.causal);
  network.samples = c.samples;
  network.blocks = 5;
  const Graph graph = legal(network);
  const Result<Plan> plan = make_plan(graph, hailo8(), c.options);
  ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
  EXPECT_EQ(plan->verdict, Verdict::fits);
  EXPECT_LE(widest_dilation(*plan), 2);
  EXPECT_LE(stitched_error(graph, *plan), 1e-5);
}

std::vector<Phased> phased() {
  std::vector<Phased> list;
  for (NormKind norm : {NormKind::batch, NormKind::global, NormKind::cumulative}) {
    for (bool causal : {false, true}) {
      for (int64_t samples : {3011, 200, 130}) list.push_back({norm, causal, samples, {}});
      list.push_back({norm, causal, 3011, {LayoutChoice::row, 50}});
      list.push_back({norm, causal, 3011, {LayoutChoice::stripes, 7}});
      list.push_back({norm, causal, 3011, {LayoutChoice::automatic, 64, 8}});
    }
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(Plans, StitchedByPhases, testing::ValuesIn(phased()));

// The pieces of a plan play any length: only their calls change.
TEST(Stitched, PiecesDoNotDependOnTheLength) {
  ConvTasNet network = small(NormKind::global, true);
  const Plan four = make_plan(legal(network), hailo8()).value();
  for (int64_t samples : {200, 1111, 3011, 9001}) {
    network.samples = samples;
    const Graph graph = legal(network);
    const Result<Plan> plan = replay_plan(graph, hailo8(), four.recipe);
    ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
    ASSERT_EQ(plan->segments.size(), four.segments.size());
    for (size_t i = 0; i < four.segments.size(); ++i) {
      ASSERT_EQ(plan->segments[i].pieces.size(), 1u);
      const auto difference =
          compare_graphs(plan->segments[i].pieces[0].graph, four.segments[i].pieces[0].graph, 0);
      EXPECT_TRUE(difference.same)
          << plan->segments[i].name << " at " << samples << ": " << difference.text;
    }
    EXPECT_LE(stitched_error(graph, *plan), 1e-5) << samples;
  }
}

TEST(Stitched, ARecipeOfAnotherNetworkIsRefused) {
  const Plan plan = make_plan(legal(small(NormKind::global, false)), hailo8()).value();
  const auto other = replay_plan(legal(small(NormKind::batch, false)), hailo8(), plan.recipe);
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ErrorCode::kMismatch);
}

}  // namespace
}  // namespace tessera
