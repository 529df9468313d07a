// A residual stream in another basis is the same network, and only streams that may be are.
#include <gtest/gtest.h>

#include <limits>

#include "rewrite/linear_streams.h"
#include "support/conv_tasnet.h"
#include "support/difference.h"
#include "support/random_basis.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

RewriteOptions with_bases(const Graph& legal, double condition, uint32_t seed) {
  RewriteOptions options;
  options.enable = {"change_channel_basis"};
  for (const LinearStream& stream : linear_streams(legal)) {
    options.parameters.channel_bases[stream.name] =
        test::random_basis(stream.channels(), condition, seed);
  }
  return options;
}

Graph legal_of(Graph graph) {
  EXPECT_TRUE(rewrite(graph).has_value());
  return graph;
}

TEST(ChangeChannelBasis, KeepsTheOutputsOfRandomNetworks) {
  int changed = 0;
  for (uint32_t seed = 0; seed < 40; ++seed) {
    test::ConvTasNet net = test::random_conv_tasnet_options(seed);
    for (int64_t* channels : {&net.filters, &net.bottleneck, &net.hidden})
      *channels = std::max<int64_t>(*channels, 16);
    const Graph graph = test::build(net, seed);
    const Graph legal = legal_of(graph);
    Graph rewritten = graph;
    const Result<RewriteLog> log = rewrite(rewritten, with_bases(legal, 10, seed));
    ASSERT_TRUE(log.has_value()) << log.error().to_string();
    EXPECT_TRUE(log->exact);
    for (const LinearStream& stream : linear_streams(legal)) {
      EXPECT_NE(rewritten.basis_of(stream.name), nullptr) << "seed " << seed;
      ++changed;
    }
    const auto inputs = test::random_inputs(graph, 7);
    EXPECT_LE(test::relative_difference(test::run_graph(graph, inputs),
                                        test::run_graph(rewritten, inputs)),
              1e-5)
        << "seed " << seed;
  }
  EXPECT_GE(changed, 20);
}

// Bottleneck, and residual and sum of every block but the last, whose residual nobody needs.
TEST(LinearStreams, FindsTheResidualStreamOfAConvTasNet) {
  const test::ConvTasNet net = test::small_conv_tasnet(1003);
  const Graph legal = legal_of(test::build(net));
  const auto streams = linear_streams(legal);
  ASSERT_EQ(streams.size(), 1U);
  EXPECT_EQ(streams[0].name, "bottleneck");
  EXPECT_EQ(streams[0].channels(), net.bottleneck);
  EXPECT_EQ(static_cast<int64_t>(streams[0].parts.size()), 1 + 2 * (net.blocks * net.repeats - 1));
}

// Skip sums are read by an activation.
TEST(LinearStreams, LeavesOutWhatAnActivationReads) {
  Graph graph = legal_of(test::build(test::small_conv_tasnet(1003)));
  const NodeId sum = graph.find("tcn.1.residual");
  ASSERT_NE(sum, kNoNode);
  GraphEditor editor(graph, "test");
  editor.add_output("watched", editor.add(Unary{}, {sum}, "activation").value());
  EXPECT_TRUE(linear_streams(graph).empty());
}

TEST(LinearStreams, LeavesOutWhatTheNetworkGivesOut) {
  Graph graph = legal_of(test::build(test::small_conv_tasnet(1003)));
  GraphEditor(graph, "test").add_output("watched", graph.find("tcn.1.residual"));
  EXPECT_TRUE(linear_streams(graph).empty());
}

TEST(ChangeChannelBasis, DeclinesWhatIsNoMatrixWithItsInverse) {
  const Graph graph = test::build(test::small_conv_tasnet(1003));
  const ChannelBasis sound = test::random_basis(12, 10, 1);
  ChannelBasis wrong_inverse = sound;
  wrong_inverse.inverse[5] += 1e-3;
  ChannelBasis too_small = test::random_basis(11, 10, 1);
  ChannelBasis infinite = sound;
  infinite.matrix[0] = std::numeric_limits<double>::infinity();
  const auto is_changed_by = [&](const ChannelBasis& basis) {
    Graph rewritten = graph;
    RewriteOptions options;
    options.enable = {"change_channel_basis"};
    options.parameters.channel_bases["bottleneck"] = basis;
    EXPECT_TRUE(rewrite(rewritten, options).has_value());
    return !rewritten.changed_bases().empty();
  };
  EXPECT_TRUE(is_changed_by(sound));
  for (const ChannelBasis& basis : {wrong_inverse, too_small, infinite, ChannelBasis{}})
    EXPECT_FALSE(is_changed_by(basis));
}

}  // namespace
}  // namespace tessera
