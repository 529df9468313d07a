// Integers in tiles are the whole network's, bit for bit: random networks, encodings and tilings.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "plan/segments.h"
#include "plan/tiling.h"
#include "support/integer_reference.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/target.h"
#include "tessera/session.h"

namespace tessera {
namespace {

// A plan with the same tiling for every segment; nullopt where a segment cannot be cut so.
std::optional<Plan> plan_with(const Graph& graph, const PartitionOptions& placement,
                              const Tiling& tiling) {
  Plan plan;
  plan.graph = graph;
  Division division = divide(graph, partition_nodes(graph, placement));
  plan.segments = std::move(division.segments);
  plan.steps = std::move(division.steps);
  for (ChipSegment& segment : plan.segments) {
    segment.tiling = tiling;
    if (!tile_segment(graph, segment)) return std::nullopt;
  }
  return plan;
}

void expect_the_whole(const Graph& graph, const Plan& plan, uint32_t seed) {
  const Encodings encodings = test::random_encodings(graph, seed);
  const auto backend = make_backend("emulator", {.threads = 2}).value();
  const auto stitched = StitchedExecutable::load(plan, *backend, &encodings);
  ASSERT_TRUE(stitched.has_value()) << stitched.error().to_string();
  const auto inputs = test::random_inputs(graph, seed);
  const auto expected = test::run_in_integers(graph, encodings, inputs);
  std::vector<std::vector<float>> actual = expected;
  for (std::vector<float>& values : actual) std::fill(values.begin(), values.end(), -77.0F);
  const std::vector<ConstValues> sources(inputs.begin(), inputs.end());
  const std::vector<Values> targets(actual.begin(), actual.end());
  ASSERT_TRUE((*stitched)->run(sources, targets).has_value());
  EXPECT_EQ(actual, expected) << "seed " << seed;
}

TEST(StitchedIntegers, AreThoseOfTheWholeForRandomTilings) {
  int tried = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Graph graph = test::random_conv_tasnet(seed);
    ASSERT_TRUE(rewrite(graph).has_value());
    test::Random random(seed);
    PartitionOptions placement;
    placement.encoder_on_chip = random.chance(0.5);
    placement.masks_on_chip = random.chance(0.5);
    Tiling tiling{random.chance(0.5) ? Layout::row : Layout::stripes,
                  random.pick<int64_t>({1, 7, 16, 33, 64}), 1};
    if (tiling.layout == Layout::stripes) tiling.stripes = random.pick<int64_t>({1, 3, 8});
    const auto plan = plan_with(graph, placement, tiling);
    if (!plan) continue;
    ++tried;
    expect_the_whole(graph, *plan, seed);
    if (HasFatalFailure()) return;
  }
  EXPECT_GE(tried, 40);
}

// Layouts, phases and channel blocks as the planner chooses them.
TEST(StitchedIntegers, AreThoseOfTheWholeForASearchedPlan) {
  const Target target = read_target(TESSERA_SOURCE_DIR "/targets/hailo8.toml").value();
  int tried = 0;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Graph graph = test::random_conv_tasnet(seed);
    ASSERT_TRUE(rewrite(graph).has_value());
    const auto plan = make_plan(graph, target);
    if (!plan) continue;
    ++tried;
    expect_the_whole(plan->graph, *plan, seed);
    if (HasFatalFailure()) return;
  }
  EXPECT_GE(tried, 10);
}

}  // namespace
}  // namespace tessera
