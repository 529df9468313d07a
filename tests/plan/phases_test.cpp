#include "plan/phases.h"

#include <gtest/gtest.h>

#include "plan/whole_segment.h"
#include "support/difference.h"
#include "support/graph_text.h"
#include "support/random_values.h"

namespace tessera {
namespace {

using test::whole_segment;

// Frames phase, phase + phases, ... of every row.
std::vector<float> every(const std::vector<float>& values, int64_t frames, int64_t phases,
                         int64_t phase) {
  std::vector<float> some;
  const auto rows = static_cast<int64_t>(values.size()) / frames;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t t = phase; t < frames; t += phases)
      some.push_back(values[static_cast<size_t>(row * frames + t)]);
  }
  return some;
}

TEST(PhaseFrames, OfAllPhasesAreAllFrames) {
  EXPECT_EQ(phase_frames(10, 4, 0), 3);  // 0, 4, 8
  EXPECT_EQ(phase_frames(10, 4, 1), 3);  // 1, 5, 9
  EXPECT_EQ(phase_frames(10, 4, 2), 2);
  EXPECT_EQ(phase_frames(10, 4, 3), 2);
  EXPECT_EQ(phase_frames(2, 4, 3), 0);
  for (int64_t frames = 1; frames < 30; ++frames) {
    for (int64_t phases = 1; phases < 9; ++phases) {
      int64_t sum = 0;
      for (int64_t phase = 0; phase < phases; ++phase) sum += phase_frames(frames, phases, phase);
      EXPECT_EQ(sum, frames) << phases;
    }
  }
}

// Dilations 4 and 8 over 22 frames, zeros on both sides, in the middle and in one convolution.
constexpr std::string_view kDilated = R"(%x = input() shape=[2,1,22] -> [2,1,22]
    %a = conv(%x) weight=@w[2,1,1,3] bias=@b[2] dilation=[1,4] padding=[0,0,4,4] groups=2 -> [2,1,22]
    %r = unary.relu(%a) -> [2,1,22]
    %p = pad.zero(%r) padding=[0,0,8,8] -> [2,1,38]
    %c = conv(%p) weight=@w[2,1,1,3] dilation=[1,8] groups=2 -> [2,1,22]
    %y = add(%x, %c) -> [2,1,22]
    output "y" = %y
    weights
    @w 6 values 1 2 -3 4 -5 6
    @b 2 values 0.5 -0.5)";

TEST(PhaseNetwork, OfEveryPhaseComputesThatPhaseOfTheWhole) {
  const Graph graph = test::graph_of(kDilated);
  const ChipSegment segment = whole_segment(graph);
  const auto inputs = test::random_inputs(graph, 2);
  const auto whole = test::run_graph(graph, inputs);
  for (int64_t phases : {1, 2, 4}) {
    for (int64_t phase = 0; phase < phases; ++phase) {
      const PhaseNetwork one = phase_network(graph, segment, phases, phase, 0).value();
      EXPECT_EQ(one.segment.nodes.size(), segment.nodes.size());
      const auto actual = test::run_graph(one.graph, {every(inputs[0], 22, phases, phase)});
      EXPECT_LE(test::relative_difference({every(whole[0], 22, phases, phase)}, actual), 1e-6)
          << phase << " of " << phases;
    }
  }
}

TEST(PhaseNetwork, HasItsDilationsDivided) {
  const PhaseNetwork one =
      phase_network(test::graph_of(kDilated), whole_segment(test::graph_of(kDilated)), 4, 1, 0)
          .value();
  EXPECT_EQ(std::get<Conv>(test::node_of(one.graph, "a").op).dilation, (Extent{1, 1}));
  EXPECT_EQ(std::get<Conv>(test::node_of(one.graph, "a").op).padding, (Padding{0, 0, 1, 1}));
  EXPECT_EQ(std::get<Conv>(test::node_of(one.graph, "c").op).dilation, (Extent{1, 2}));
  EXPECT_EQ(std::get<Pad>(test::node_of(one.graph, "p").op).padding, (Padding{0, 0, 2, 2}));
}

// Frames 1, 5, 9, 13, 17, 21 and three beyond the end, which change nothing before it.
TEST(PhaseNetwork, MayRunPastTheEndWhereOnlyItsReadsArePadded) {
  const Graph graph = test::graph_of(R"(%x = input() shape=[1,1,22] -> [1,1,22]
    %a = conv(%x) weight=@w[1,1,1,3] dilation=[1,4] padding=[0,0,4,4] -> [1,1,22]
    %y = unary.tanh(%a) -> [1,1,22]
    output "y" = %y
    weights
    @w 3 values 1 2 -3)");
  const ChipSegment segment = whole_segment(graph);
  ASSERT_TRUE(can_run_past_the_end(graph, segment));
  const PhaseNetwork longer = phase_network(graph, segment, 4, 1, 3).value();
  const auto inputs = test::random_inputs(graph, 2);
  const std::vector<float> own = every(inputs[0], 22, 4, 1);
  std::vector<float> read = own;
  read.resize(own.size() + 3, 0.0F);
  std::vector<float> actual = test::run_graph(longer.graph, {read})[0];
  ASSERT_EQ(actual.size(), own.size() + 3);
  actual.resize(own.size());
  const auto whole = test::run_graph(graph, inputs);
  EXPECT_LE(test::relative_difference({every(whole[0], 22, 4, 1)}, {actual}), 1e-6);
}

TEST(CanRunPastTheEnd, NotWhereZerosStandInside) {
  const Graph graph = test::graph_of(kDilated);
  EXPECT_FALSE(can_run_past_the_end(graph, whole_segment(graph)));
  const Graph inside = test::graph_of(R"(%x = input() shape=[1,1,8] -> [1,1,8]
    %r = unary.tanh(%x) -> [1,1,8]
    %y = conv(%r) weight=@w[1,1,1,3] padding=[0,0,1,1] -> [1,1,8]
    output "y" = %y
    weights
    @w 3 values 1 2 -3)");
  EXPECT_FALSE(can_run_past_the_end(inside, whole_segment(inside)));
}

TEST(CommonDilation, IsTheOneThatAllDilatedKernelsShare) {
  const auto of = [](int64_t first, int64_t second) {
    Graph graph;
    GraphEditor editor(graph, "test");
    const Tensor three = Tensor::full({1, 1, 1, 3}, 1);
    NodeId at = editor.add(Input{{1, 1, 99}}, {}, "x").value();
    at = editor.add(Conv{.weight = three, .dilation = {1, first}}, {at}).value();
    at = editor.add(Conv{.weight = Tensor::full({1, 1, 1, 1}, 1)}, {at}).value();
    at = editor.add(Conv{.weight = three, .dilation = {1, second}}, {at}).value();
    editor.add_output("y", at);
    return common_dilation(graph, whole_segment(graph).nodes);
  };
  EXPECT_EQ(of(4, 4), 4);  // the pointwise one between has none
  EXPECT_EQ(of(4, 8), 1);
  EXPECT_EQ(of(1, 1), 1);
}

TEST(LeavesItsPhase, SaysWhy) {
  const Graph graph = test::graph_of(R"(%x = input() shape=[1,1,24] -> [1,1,24]
    %one = input() shape=[1,1,1] -> [1,1,1]
    %frames = constant() value=@c[1,1,24] -> [1,1,24]
    %stride = conv(%x) weight=@w[1,1,1,3] stride=[1,2] padding=[0,0,1,1] -> [1,1,12]
    %taps = conv(%x) weight=@w[1,1,1,3] dilation=[1,2] padding=[0,0,2,2] -> [1,1,24]
    %causal = conv(%x) weight=@w[1,1,1,3] dilation=[1,4] padding=[0,0,3,5] -> [1,1,24]
    %stays = conv(%x) weight=@w[1,1,1,3] dilation=[1,8] padding=[0,0,8,8] -> [1,1,24]
    %pool = pool.max(%x) kernel=[1,3] padding=[0,0,1,1] -> [1,1,24]
    %mirror = pad.reflect(%x) padding=[0,0,4,0] -> [1,1,28]
    %longer = pad.zero(%one) padding=[0,0,0,4] -> [1,1,5]
    %spread = add(%x, %one) -> [1,1,24]
    %late = slice(%x) axis=w begin=6 end=24 -> [1,1,18]
    %norm = norm.global(%x) gamma=@g[1] beta=@g[1] -> [1,1,24]
    output "y" = %spread
    weights
    @w 3 values 1 2 3
    @g 1 values 1
    @c 24 full 1)");
  const auto why = [&](std::string_view name) {
    return leaves_its_phase(graph, test::node_of(graph, name), 4);
  };
  EXPECT_EQ(why("frames"), "it has another value in every frame");
  EXPECT_EQ(why("stride"), "it skips frames");
  EXPECT_EQ(why("taps"), "its taps lie in several phases");
  EXPECT_EQ(why("causal"), "it begins to read in another phase");
  EXPECT_EQ(why("stays"), "");
  EXPECT_EQ(why("pool"), "it mixes frames");
  EXPECT_EQ(why("mirror"), "it mixes frames");
  EXPECT_EQ(why("longer"), "it makes a sequence of one frame");
  EXPECT_EQ(why("spread"), "");
  EXPECT_EQ(why("late"), "it begins to read in another phase");
  EXPECT_EQ(why("norm"), "it mixes frames");
  EXPECT_EQ(leaves_its_phase(graph, test::node_of(graph, "norm"), 1), "");
}

TEST(PhaseNetwork, NamesTheNodeThatLeavesItsPhase) {
  const Graph graph = test::graph_of(kDilated);
  EXPECT_EQ(phase_network(graph, whole_segment(graph), 3, 0, 0).error().to_string(),
            "node 'a' (conv): does not run in 3 phases: its taps lie in several phases (plan this "
            "network anew)");
}

}  // namespace
}  // namespace tessera
