// The networks property tests draw: every op turns up, values stay moderate, seeds repeat.
#include "support/random_graph.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "graph/compare.h"
#include "support/random_values.h"

namespace tessera {
namespace {

std::set<std::string> ops_drawn(const test::RandomGraphOptions& options) {
  std::set<std::string> names;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    const Graph graph = test::random_graph(seed, options);
    for (NodeId id : graph.order()) names.insert(op_name(graph.node(id).op));
  }
  return names;
}

TEST(RandomGraph, DrawsEveryOpOfImportedNetworks) {
  EXPECT_EQ(ops_drawn({}).size(), 53U);
}

TEST(RandomGraph, DrawsTheOpsOfRewritingOnDemand) {
  EXPECT_EQ(ops_drawn({.rewritten = true}).size(), 53U + 6);
}

TEST(RandomGraph, GivesTheSameNetworkForTheSameSeed) {
  EXPECT_TRUE(compare_graphs(test::random_graph(5), test::random_graph(5), 0).same);
  EXPECT_FALSE(compare_graphs(test::random_graph(5), test::random_graph(6), 0).same);
  EXPECT_TRUE(compare_graphs(test::random_conv_tasnet(5), test::random_conv_tasnet(5), 0).same);
}

void expect_moderate(const Graph& graph, uint32_t seed) {
  for (const std::vector<float>& output : test::run_graph(graph, test::random_inputs(graph, seed)))
    for (float value : output) ASSERT_LT(std::abs(value), 1e4F) << "seed " << seed;
}

TEST(RandomGraph, KeepsValuesModerate) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    expect_moderate(test::random_graph(seed), seed);
    expect_moderate(test::random_graph(seed, {.rewritten = true}), seed);
  }
}

TEST(RandomConvTasNet, KeepsValuesModerate) {
  for (uint32_t seed = 0; seed < 40; ++seed) expect_moderate(test::random_conv_tasnet(seed), seed);
}

TEST(RandomConvTasNet, GivesOneVoicePerSourceAtTheInputsLength) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const test::ConvTasNet net = test::random_conv_tasnet_options(seed);
    const Graph graph = build(net, seed);
    EXPECT_EQ(graph.node(graph.outputs()[0].node).shape, (Shape{net.sources, 1, net.samples}));
  }
}

}  // namespace
}  // namespace tessera
