// What a step graph keeps, reads and delays.
#include "stream/step_graph.h"

#include <gtest/gtest.h>

#include "support/conv_tasnet.h"

namespace tessera {
namespace {

using stream::make_step_graph;
using stream::StepGraph;
using stream::StepInput;

// One channel in, `ops` one after the other.
Graph chain(int64_t length, std::vector<Op> ops) {
  Graph graph;
  GraphEditor editor(graph, "test");
  NodeId last = editor.add(Input{{1, 1, length}}, {}, "in").value();
  for (size_t i = 0; i < ops.size(); ++i)
    last = editor.add(std::move(ops[i]), {last}, "op" + std::to_string(i)).value();
  editor.add_output("out", last);
  return graph;
}

Conv conv(int64_t kernel, int64_t stride, int64_t dilation, int64_t left, int64_t right) {
  Conv op;
  op.weight = Tensor({1, 1, 1, kernel}, std::vector<float>(static_cast<size_t>(kernel), 1.0F));
  op.stride.w = stride;
  op.dilation.w = dilation;
  op.padding = {0, 0, left, right};
  return op;
}

std::vector<int64_t> blocks_read(const StepGraph& step) {
  std::vector<int64_t> read;
  for (const StepInput& input : step.inputs) {
    if (input.kind == StepInput::Kind::earlier) read.push_back(input.steps_ago);
  }
  return read;
}

TEST(StepGraph, ADilatedCausalConvolutionReadsItsTapsAndNothingBetween) {
  const StepGraph step = make_step_graph(chain(100, {conv(3, 1, 16, 32, 0)}), nullptr, 1).value();
  EXPECT_EQ(step.step_frames, 1);
  EXPECT_EQ(step.advance, 0);
  EXPECT_EQ(blocks_read(step), (std::vector<int64_t>{32, 16}));
  EXPECT_EQ(step.kept[0].depth, 32);
  EXPECT_TRUE(step.masks.empty());
  EXPECT_EQ(step.outputs[0].delay, 0);
}

TEST(StepGraph, AnEncoderWaitsForItsFirstWindowAndThenTakesAHop) {
  const StepGraph step = make_step_graph(chain(100, {conv(16, 8, 1, 0, 0)}), nullptr, 1).value();
  EXPECT_EQ(step.step_frames, 8);
  EXPECT_EQ(step.advance, 8);
  EXPECT_EQ(step.outputs[0].delay, 0);
  EXPECT_EQ(step.outputs[0].block.w, 1);
}

TEST(StepGraph, LookAheadBecomesDelayAndMasksOfInnerValuesOnly) {
  const Graph once = chain(100, {conv(5, 1, 1, 2, 2)});
  const StepGraph one = make_step_graph(once, nullptr, 1).value();
  EXPECT_EQ(one.advance, 2);  // behind its end the input is zero anyway
  EXPECT_EQ(one.outputs[0].delay, 0);
  EXPECT_TRUE(one.masks.empty());
  const StepGraph two =
      make_step_graph(chain(100, {conv(5, 1, 1, 2, 2), conv(7, 1, 1, 3, 3)}), nullptr, 1).value();
  EXPECT_EQ(two.outputs[0].delay, 3);
  ASSERT_EQ(two.masks.size(), 1U);
  EXPECT_EQ(two.masks[0].value, "op0");
}

TEST(StepGraph, PaddingBeforeAConvolutionCostsNoDelay) {
  const Pad pad{{0, 0, 4, 0}, PadMode::zero};
  const StepGraph step =
      make_step_graph(chain(100, {pad, conv(5, 1, 1, 0, 0)}), nullptr, 1).value();
  EXPECT_EQ(step.advance, 0);
  EXPECT_EQ(step.outputs[0].delay, 0);
}

TEST(StepGraph, TheStepHoldsWholeFramesOfEveryValue) {
  const Graph graph = chain(400, {conv(4, 2, 1, 2, 0), conv(3, 3, 1, 0, 0)});
  EXPECT_EQ(make_step_graph(graph, nullptr, 1).value().step_frames, 6);
  EXPECT_EQ(make_step_graph(graph, nullptr, 20).value().step_frames, 24);
}

TEST(StepGraph, NamesTheCumulativeNormsThatGoOn) {
  test::ConvTasNet net = test::small_conv_tasnet(400, NormKind::cumulative);
  net.causal = true;
  const StepGraph step = make_step_graph(build(net), nullptr, 1).value();
  EXPECT_EQ(step.carried.size(), 1U + 2 * 3 * 2);  // the input's and two in each of 3 x 2 blocks
  for (const auto& [name, skipped] : step.carried) EXPECT_EQ(skipped, 0) << name;
}

TEST(StepGraph, ACausalSeparatorNeedsNoMaskButItsDecoders) {
  test::ConvTasNet net = test::small_conv_tasnet(400, NormKind::channel_wise);
  net.causal = true;
  const StepGraph step = make_step_graph(build(net), nullptr, 1).value();
  EXPECT_EQ(step.step_frames, 8);
  EXPECT_EQ(step.masks.size(), 1U);  // both sources share it
}

TEST(StepGraph, RefusesARepeatedEdge) {
  const Pad pad{{0, 0, 2, 2}, PadMode::reflect};
  const auto step = make_step_graph(chain(100, {pad, conv(5, 1, 1, 0, 0)}), nullptr, 1);
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error().subject, "node 'op0' (pad.reflect)");
}

TEST(StepGraph, RefusesMaximaOverPadding) {
  Pool pool;
  pool.kernel.w = 3;
  pool.padding.left = 2;
  const auto step = make_step_graph(chain(100, {pool}), nullptr, 1);
  ASSERT_FALSE(step.has_value());
  EXPECT_NE(step.error().message.find("pools over padding"), std::string::npos);
}

}  // namespace
}  // namespace tessera
