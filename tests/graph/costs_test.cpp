#include <gtest/gtest.h>

#include "support/conv_tasnet.h"
#include "tessera/compiler/analysis.h"

namespace tessera {
namespace {

// Asteroid's last block has a residual convolution whose result nobody reads; graphs leave it out.
constexpr int64_t kUnreadResidualWeights = 512 * 128;

TEST(Costs, OfTheDefaultConvTasNetAre4976640MacsPerFrame) {
  const test::ConvTasNet net;
  const Costs total = costs(build(net));
  EXPECT_EQ(total.macs + kUnreadResidualWeights * net.frames(), 4'976'640 * net.frames());
}

TEST(Costs, OfTheDefaultConvTasNetCountTheParametersOfThePaper) {
  const Costs total = costs(build(test::ConvTasNet{}));
  EXPECT_EQ(total.parameters + kUnreadResidualWeights + 128, 5'050'545);
  EXPECT_EQ(total.weight_bytes, total.parameters * 4);
}

TEST(Costs, CountSharedWeightsOnceWhereTheyAreFirstRead) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const Tensor weight = Tensor::full({4, 4, 1, 1}, 1);
  const NodeId x = editor.add(Input{{4, 1, 10}}, {}).value();
  const NodeId a = editor.add(Conv{.weight = weight}, {x}).value();
  const NodeId b = editor.add(Conv{.weight = weight.reshaped({4, 4, 1, 1})}, {a}).value();
  editor.add_output("out", b);
  const Costs total = costs(graph);
  EXPECT_EQ(total.parameters, 16);
  EXPECT_EQ(total.nodes[1].parameters, 16);
  EXPECT_EQ(total.nodes[2].parameters, 0);
  EXPECT_EQ(total.macs, 2 * 16 * 10);
}

TEST(Costs, HoldOnlyWhatIsStillReadAtThePeak) {
  Graph graph;
  GraphEditor editor(graph, "import");
  NodeId chain = editor.add(Input{{1, 1, 100}}, {}).value();
  for (int i = 0; i < 6; ++i) chain = editor.add(Unary{}, {chain}).value();
  editor.add_output("out", chain);
  const Costs total = costs(graph);
  EXPECT_EQ(total.peak_activation_bytes, 2 * 400);
  EXPECT_EQ(total.activation_bytes, 7 * 400);
}

TEST(Costs, HoldEveryOutputToTheEnd) {
  Graph graph;
  GraphEditor editor(graph, "import");
  NodeId chain = editor.add(Input{{1, 1, 100}}, {}).value();
  for (int i = 0; i < 6; ++i) {
    chain = editor.add(Unary{}, {chain}).value();
    editor.add_output("out", chain);
  }
  EXPECT_EQ(costs(graph).peak_activation_bytes, 7 * 400 - 400);
}

TEST(Costs, SaturateInsteadOfOverflowing) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const Tensor weight = Tensor::full({1 << 10, 1, 1, 1 << 10}, 1);
  NodeId x = editor.add(Input{{1, 1, int64_t{1} << 30}}, {}).value();
  for (int i = 0; i < 3; ++i) {
    const NodeId y = editor.add(Conv{.weight = weight, .padding = {0, 0, 0, 1 << 10}}, {x}).value();
    editor.add_output("out", y);
  }
  EXPECT_GT(costs(graph).macs, 0);
}

TEST(LengthAudit, ListsEveryChangeOfLength) {
  const Graph graph = build(test::ConvTasNet{.samples = 32001});
  std::vector<std::string> seen;
  for (const LengthStep& step : length_audit(graph)) {
    seen.push_back(graph.node(step.id).name.substr(0, 14) + " " + std::to_string(step.previous) +
                   " -> " + std::to_string(step.length));
  }
  ASSERT_EQ(seen.size(), 5U);
  EXPECT_EQ(seen[0], "wav 0 -> 32001");
  EXPECT_EQ(seen[1], "encoder 32001 -> 3999");
  EXPECT_EQ(seen[2].substr(seen[2].size() - 13), "3999 -> 32000");
  EXPECT_EQ(seen[4].substr(seen[4].size() - 14), "32000 -> 32001");
}

}  // namespace
}  // namespace tessera
