// The builtin compiler: every layer has a place, and no cluster gives more than it has.
#include "tessera/compiler/chip_placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/conv_tasnet.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

Target target_named(const std::string& name) {
  return read_target(std::string(TESSERA_SOURCE_DIR) + "/targets/" + name + ".toml").value();
}

Plan plan_of(const test::ConvTasNet& network, const Target& target) {
  Graph graph = build(network);
  EXPECT_TRUE(rewrite(graph).has_value());
  Result<Plan> plan = make_plan(graph, target);
  EXPECT_TRUE(plan.has_value()) << plan.error().to_string();
  return *plan;
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

// A plan whose only piece is `graph`, called once.
Plan one_piece(Graph graph) {
  Plan plan;
  ChipSegment segment;
  segment.name = "seg00";
  segment.pieces.push_back({"seg00_0", std::move(graph), {}, 1});
  segment.calls.push_back({0, {}});
  plan.segments.push_back(std::move(segment));
  plan.steps.push_back(SegmentStep{0});
  return plan;
}

// A chain of pointwise convolutions of `channels` over `frames`.
Graph chain(int64_t layers, int64_t channels, int64_t frames) {
  Graph graph;
  GraphEditor editor(graph, "test");
  NodeId at = editor.add(Input{{channels, 1, frames}}, {}, "x").value();
  for (int64_t i = 0; i < layers; ++i) {
    Conv conv;
    conv.weight = Tensor::full({channels, channels, 1, 1}, 0.5F);
    at = editor.add(conv, {at}, "conv" + std::to_string(i)).value();
  }
  editor.add_output("y", at);
  return graph;
}

int64_t count(const ChipPlacement& placement, const UnitCounts& counts, std::string_view unit) {
  const auto& names = placement.unit_names;
  const auto found = std::find(names.begin(), names.end(), unit);
  return counts.at(static_cast<size_t>(found - names.begin()));
}

void expect_within_capacity(const ChipPlacement& placement) {
  for (const PlacedContext& context : placement.contexts) {
    int64_t compute_units = 0;
    for (const UnitCounts& cluster : context.clusters) {
      ASSERT_EQ(cluster.size(), placement.unit_names.size());
      for (size_t i = 0; i < cluster.size(); ++i) {
        EXPECT_LE(cluster[i], placement.cluster[i]) << placement.unit_names[i];
      }
      compute_units += count(placement, cluster, "sc");
    }
    const auto clusters = static_cast<double>(context.clusters.size());
    EXPECT_LE(static_cast<double>(compute_units),
              placement.utilisation_cap * clusters *
                  static_cast<double>(count(placement, placement.cluster, "sc")));
  }
}

TEST(ChipPlacement, PlacesEveryPieceOfTheDefaultNetworkWithinEveryCluster) {
  const Target target = target_named("hailo8");
  const Plan plan = plan_of({}, target);
  const auto placement = place_on_chip(plan, target);
  ASSERT_TRUE(placement.has_value()) << placement.error().to_string();
  expect_within_capacity(*placement);
  std::set<std::string> placed;
  for (const PlacedPiece& piece : placement->pieces) {
    placed.insert(piece.name);
    EXPECT_FALSE(piece.layers.empty());
    EXPECT_GT(piece.calls, 0);
  }
  size_t pieces = 0;
  for (const ChipSegment& segment : plan.segments) pieces += segment.pieces.size();
  EXPECT_EQ(placed.size(), pieces);
}

TEST(ChipPlacement, AContextGivesWhatItsLayersTakeTogether) {
  const Target target = target_named("hailo8");
  const auto placement = place_on_chip(plan_of(small(), target), target);
  ASSERT_TRUE(placement.has_value()) << placement.error().to_string();
  std::vector<std::vector<UnitCounts>> sums(placement->contexts.size());
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i].assign(placement->contexts[i].clusters.size(),
                   UnitCounts(placement->unit_names.size()));
  }
  for (const PlacedPiece& piece : placement->pieces) {
    for (const PlacedLayer& layer : piece.layers) {
      UnitCounts& sum =
          sums[static_cast<size_t>(layer.context)][static_cast<size_t>(layer.cluster)];
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += layer.units[i];
    }
  }
  for (size_t i = 0; i < sums.size(); ++i) EXPECT_EQ(sums[i], placement->contexts[i].clusters);
}

TEST(ChipPlacement, IsTheSameEveryTime) {
  const Target target = target_named("hailo8");
  const Plan plan = plan_of(small(), target);
  EXPECT_EQ(place_on_chip(plan, target).value(), place_on_chip(plan, target).value());
}

TEST(ChipPlacement, SpareComputeUnitsGoToTheSlowestLayer) {
  const Target target = target_named("hailo8");
  const auto placement = place_on_chip(one_piece(chain(1, 64, 256)), target);
  ASSERT_TRUE(placement.has_value()) << placement.error().to_string();
  // 32 columns of eight x 8 features of eight x 64 inputs for one unit; the link needs 32 768
  // cycles for 2 x 16 KiB, so one unit is enough.
  EXPECT_EQ(count(*placement, placement->pieces[0].layers[0].units, "sc"), 1);
  const auto deeper = place_on_chip(one_piece(chain(1, 512, 256)), target);
  ASSERT_TRUE(deeper.has_value()) << deeper.error().to_string();
  EXPECT_EQ(count(*deeper, deeper->pieces[0].layers[0].units, "sc"), 4);
  EXPECT_EQ(deeper->pieces[0].cycles, 32 * 64 * 512 / 4);
}

TEST(ChipPlacement, MoreLayersThanAClusterControlsAreDivided) {
  const Target target = target_named("hailo8");
  const auto placement = place_on_chip(one_piece(chain(40, 8, 64)), target);
  ASSERT_TRUE(placement.has_value()) << placement.error().to_string();
  expect_within_capacity(*placement);
  EXPECT_EQ(placement->contexts.size(), 1U);
  std::set<int32_t> clusters;
  for (const PlacedLayer& layer : placement->pieces[0].layers) clusters.insert(layer.cluster);
  EXPECT_GE(clusters.size(), 3U);  // 40 layers, 16 to a cluster
}

TEST(ChipPlacement, APieceTooLargeForTheChipGoesOnInTheNextContext) {
  const Target target = target_named("hailo8");
  const auto placement = place_on_chip(one_piece(chain(200, 8, 64)), target);
  ASSERT_TRUE(placement.has_value()) << placement.error().to_string();
  expect_within_capacity(*placement);
  EXPECT_EQ(placement->contexts.size(), 3U);  // 60 % of 128 control units each
  EXPECT_EQ(placement->utilisation_cap, target.unit("cap_multi"));
}

TEST(ChipPlacement, NamesTheLayerThatNoClusterHolds) {
  const Target target = target_named("hailo8");
  const auto placement = place_on_chip(one_piece(chain(1, 1024, 4096)), target);
  EXPECT_EQ(
      placement.error().to_string(),
      "piece 'seg00_0', layer 'conv0': needs 544 L3 cuts, a cluster has 128 (build with "
      "narrower tiles (PlanOptions::tile_frames) or channel blocks (PlanOptions::block_channels))");
}

TEST(ChipPlacement, AValueThatManyLayersReadTakesShortcuts) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = editor.add(Input{{8, 1, 64}}, {}, "x").value();
  Conv conv;
  conv.weight = Tensor::full({8, 8, 1, 1}, 0.5F);
  const NodeId trunk = editor.add(conv, {x}, "trunk").value();
  for (int i = 0; i < 6; ++i) {
    const std::string name = "branch" + std::to_string(i);
    editor.add_output(name, editor.add(conv, {trunk}, name).value());
  }
  const Target target = target_named("hailo8");
  const auto placement = place_on_chip(one_piece(graph), target);
  ASSERT_TRUE(placement.has_value()) << placement.error().to_string();
  const auto& layers = placement->pieces[0].layers;
  EXPECT_EQ(std::count_if(layers.begin(), layers.end(),
                          [](const auto& layer) { return layer.kind == LayerKind::shortcut; }),
            1);
}

TEST(ChipPlacement, OperatorsThatFollowEachOtherShareTheMemory) {
  const Target target = target_named("ethos_u65");
  const auto placement = place_on_chip(one_piece(chain(3, 64, 1000)), target);
  ASSERT_TRUE(placement) << placement.error().to_string();
  EXPECT_EQ(placement->unit_names, (std::vector<std::string>{"memory_bytes"}));
  ASSERT_EQ(placement->contexts.size(), 1u);
  EXPECT_EQ(placement->contexts[0].clusters, (std::vector<UnitCounts>{{2 * 64'000}}));
  EXPECT_EQ(placement->contexts[0].weight_bytes, 3 * 64 * 64);
  ASSERT_EQ(placement->pieces.size(), 1u);
  ASSERT_EQ(placement->pieces[0].layers.size(), 3u);
  int64_t cycles = 0;
  for (const PlacedLayer& layer : placement->pieces[0].layers) cycles += layer.cycles;
  EXPECT_EQ(placement->pieces[0].cycles, cycles);
}

TEST(ChipPlacement, ValuesThatTheMemoryCannotHoldAreRefusedByTheirOperator) {
  const auto placement = place_on_chip(one_piece(chain(2, 512, 20'000)), target_named("ethos_u65"));
  ASSERT_FALSE(placement);
  EXPECT_EQ(placement.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(placement.error().subject.find("conv0"), std::string::npos);
}

}  // namespace
}  // namespace tessera
