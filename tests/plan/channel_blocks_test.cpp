#include "plan/channel_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/conv_tasnet.h"
#include "support/random_values.h"

namespace tessera {
namespace {

test::ConvTasNet ragged() {
  test::ConvTasNet network;
  network.samples = 1203;
  network.filters = 21;
  network.bottleneck = 13;
  network.hidden = 37;
  network.skip = 11;
  network.blocks = 2;
  network.repeats = 2;
  return network;
}

class ChannelBlocks : public testing::TestWithParam<int64_t> {};

TEST_P(ChannelBlocks, KeepTheOutputsWhereTheyDoNotDivideTheChannels) {
  const Graph whole = build(ragged());
  const Result<Graph> split = split_channel_blocks(whole, GetParam());
  ASSERT_TRUE(split.has_value()) << split.error().to_string();
  const auto inputs = test::random_inputs(whole, 3);
  const auto expected = test::run_graph(whole, inputs)[0];
  const auto actual = test::run_graph(*split, inputs)[0];
  ASSERT_EQ(actual.size(), expected.size());
  float peak = 0;
  for (float v : expected) peak = std::max(peak, std::abs(v));
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], 1e-5f * peak) << i;
  }
}

TEST_P(ChannelBlocks, LeaveNoConvolutionWiderThanABlock) {
  const Graph split = split_channel_blocks(build(ragged()), GetParam()).value();
  int convolutions = 0;
  for (NodeId id : split.order()) {
    const auto* conv = split.get_if<Conv>(id);
    if (conv == nullptr) continue;
    ++convolutions;
    EXPECT_LE(conv->weight.dim(0), GetParam()) << split.node(id).name;
    EXPECT_LE(split.operand_shapes(id)[0].c, GetParam()) << split.node(id).name;
  }
  EXPECT_GT(convolutions, 4 * 4);  // four blocks of four convolutions, and those around them
}

INSTANTIATE_TEST_SUITE_P(Widths, ChannelBlocks, testing::Values(1, 5, 16, 64));

// y = W x + b with weight blocks [[A, 0], [0, 0]]: one partial for A, one that carries the bias.
TEST(ChannelBlocksOfZeros, AreLeftOut) {
  std::vector<float> weight(16, 0.0f);
  weight[0] = weight[1] = weight[4] = weight[5] = 2.0f;
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = editor.add(Input{{4, 1, 3}}, {}, "x").value();
  Conv conv;
  conv.weight = Tensor({4, 4, 1, 1}, weight);
  conv.bias = Tensor({4}, {1, 2, 3, 4});
  editor.add_output("y", editor.add(conv, {x}, "conv").value());
  const Graph split = split_channel_blocks(graph, 2).value();
  int64_t partials = 0;
  for (NodeId id : split.order()) partials += split.get_if<Conv>(id) != nullptr ? 1 : 0;
  EXPECT_EQ(partials, 2);
  const auto inputs = test::random_inputs(graph, 1);
  EXPECT_EQ(test::run_graph(split, inputs), test::run_graph(graph, inputs));
}

TEST(ChannelBlocksOfNothing, AreRefused) {
  EXPECT_EQ(split_channel_blocks(build(ragged()), 0).error().to_string(),
            "block channels: 0 has no meaning (choose at least 1)");
}

}  // namespace
}  // namespace tessera
