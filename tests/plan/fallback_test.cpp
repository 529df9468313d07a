// What the host gets because no segment can hold it: recorded in the recipe, told in a note.
#include "plan/fallback.h"

#include <gtest/gtest.h>

#include "support/random_values.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

Target hailo8() {
  return read_target(TESSERA_SOURCE_DIR "/targets/hailo8.toml").value();
}

class Network {
 public:
  NodeId add(Op op, std::vector<NodeId> inputs, std::string name) {
    return editor_.add(std::move(op), std::move(inputs), std::move(name)).value();
  }
  Conv conv(int64_t inputs, int64_t outputs, int64_t kernel, int64_t dilation, Padding padding) {
    return {.weight = random_.tensor({outputs, inputs, 1, kernel}, -1, 1),
            .dilation = {1, dilation},
            .padding = padding};
  }
  Result<Plan> plan(NodeId output, const PlanOptions& options = {},
                    const Target& target = hailo8()) {
    editor_.add_output("y", output);
    editor_.enter(GraphForm::imported).value();
    EXPECT_TRUE(rewrite(graph_).has_value());
    return make_plan(graph_, target, options);
  }
  std::map<std::string, std::string> reasons(const Plan& plan) {
    std::map<std::string, std::string> reasons;
    for (const Step& step : plan.steps) {
      const auto* host = std::get_if<HostStep>(&step);
      if (host != nullptr) reasons[plan.graph.node(host->node).name] = host->reason;
    }
    return reasons;
  }

 private:
  test::Random random_{1};
  Graph graph_;
  GraphEditor editor_{graph_, "import"};
};

TEST(Fallback, PaddingThatShiftsPhasesIsLaidByTheHost) {
  Network net;
  const NodeId x = net.add(Input{{2, 1, 60}}, {}, "x");
  const Plan plan = net.plan(net.add(net.conv(2, 2, 4, 3, {0, 0, 4, 5}), {x}, "even")).value();
  EXPECT_EQ(plan.recipe.padded_by_host, std::vector<std::string>{"even"});
  EXPECT_EQ(net.reasons(plan).at("even.pad"), "lays zeros so that phases meet");
  ASSERT_EQ(plan.segments.size(), 1U);
  EXPECT_EQ(plan.segments[0].tiling.phases, 3);
  ASSERT_EQ(plan.notes.size(), 1U);
  EXPECT_EQ(plan.notes[0].text, "the host lays the padding of 'even', so that their phases meet");
}

TEST(Fallback, AStrideThatSkipsPhasesIsTheHosts) {
  Network net;
  const NodeId x = net.add(Input{{2, 1, 60}}, {}, "x");
  Conv conv = net.conv(2, 2, 3, 4, {0, 0, 4, 4});
  conv.stride.w = 2;
  const Plan plan = net.plan(net.add(std::move(conv), {x}, "strided")).value();
  EXPECT_EQ(net.reasons(plan).at("strided"), "no phases take its dilation: it skips frames");
  ASSERT_EQ(plan.notes.size(), 1U);
  EXPECT_EQ(plan.notes[0].text,
            "on the host: 'strided' (no phases take its dilation: it skips frames)");
}

// A crop by a multiple of the dilation stays beside the convolution, another is cut by the host.
TEST(Fallback, CropsRunInPhasesWhereTheyKeepThem) {
  for (const int64_t begin : {4, 3}) {
    Network net;
    const NodeId x = net.add(Input{{2, 1, 60}}, {}, "x");
    const NodeId y = net.add(net.conv(2, 2, 2, 4, {}), {x}, "conv");
    const NodeId crop = net.add(Slice{Axis::w, begin, begin + 56, 1}, {x}, "crop");
    const Plan plan = net.plan(net.add(Add{}, {y, crop}, "sum")).value();
    EXPECT_EQ(net.reasons(plan).contains("crop"), begin == 3);
    ASSERT_EQ(plan.segments.size(), 1U);
    EXPECT_EQ(plan.segments[0].reads.size(), begin == 3 ? 2U : 1U);
    EXPECT_EQ(plan.segments[0].tiling.phases, 4);
  }
}

TEST(Fallback, WhatBreaksARuleInEveryTileIsTheHosts) {
  Target target = hailo8();
  target.limits.at("dimension").pass = 40;
  target.limits.at("dimension").fail = 41;
  const auto network = [](Network& net) {
    const NodeId x = net.add(Input{{8, 1, 60}}, {}, "x");
    const NodeId small = net.add(net.conv(8, 8, 3, 1, {0, 0, 1, 1}), {x}, "small");
    const NodeId wide = net.add(Concat{Axis::c}, {x, small, x, small, x, small}, "wide");
    return net.add(net.conv(48, 4, 1, 1, {}), {net.add(Add{}, {wide, wide}, "sum")}, "narrow");
  };
  Network searched;
  const Result<Plan> plan = searched.plan(network(searched), {}, target);
  ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
  EXPECT_EQ(plan->verdict, Verdict::fits);
  EXPECT_EQ(searched.reasons(*plan).at("sum"), "no cut keeps the rule axis_size");
  EXPECT_FALSE(searched.reasons(*plan).contains("small"));
  Network fixed;
  const Result<Plan> refused = fixed.plan(network(fixed), {.tile_frames = 8}, target);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(refused.error().hint,
            "leave PlanOptions::tile_frames and PlanOptions::block_channels out: what no cut "
            "remedies goes to the host");
}

TEST(Fallback, NotesNameThreeNodesAndCountTheRest) {
  PlanRecipe recipe;
  for (const char* name : {"a", "b", "c", "d", "e"}) recipe.kept_by_host[name] = "why";
  const std::vector<Note> notes = notes_of(recipe);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].text, "on the host: 'a', 'b', 'c' and 2 more (why)");
}

}  // namespace
}  // namespace tessera
