#include "backends/cpu/matching.h"

#include "graph/queries.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "support/graph_text.h"

namespace tessera::cpu {
namespace {

using Names = std::vector<std::string>;

// The names of the nodes whose work a reader does, in graph order.
Names absorbed(std::string_view text) {
  const Graph graph = test::graph_of(text);
  const Matching matching = match(graph);
  Names names;
  for (NodeId id : graph.order()) {
    if (matching.is_absorbed(id)) names.push_back(graph.node(id).name);
  }
  return names;
}

TEST(Match, AnActivationTakesTheConvolutionBeforeIt) {
  EXPECT_EQ(absorbed(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %c = conv(%x) weight=@w[2,2,1,1] -> [2,1,8]
    %y = unary.relu(%c) -> [2,1,8]
    output "y" = %y
    weights
    @w 4 full 1)"),
            Names{"c"});
}

TEST(Match, AFunctionThatNoKernelFinishesWithTakesNothing) {
  EXPECT_EQ(absorbed(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %c = conv(%x) weight=@w[2,2,1,1] -> [2,1,8]
    %y = unary.tanh(%c) -> [2,1,8]
    output "y" = %y
    weights
    @w 4 full 1)"),
            Names{});
}

TEST(Match, AValueThatSomethingElseReadsStays) {
  EXPECT_EQ(absorbed(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %c = conv(%x) weight=@w[2,2,1,1] -> [2,1,8]
    %r = unary.relu(%c) -> [2,1,8]
    %t = unary.tanh(%c) -> [2,1,8]
    output "r" = %r
    output "t" = %t
    weights
    @w 4 full 1)"),
            Names{});
  EXPECT_EQ(absorbed(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %c = conv(%x) weight=@w[2,2,1,1] -> [2,1,8]
    %r = unary.relu(%c) -> [2,1,8]
    output "r" = %r
    output "c" = %c
    weights
    @w 4 full 1)"),
            Names{});
}

TEST(Match, AnAdditionTakesOneConvolutionAndItsActivationBoth) {
  EXPECT_EQ(absorbed(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %a = conv(%x) weight=@w[2,2,1,1] -> [2,1,8]
    %b = conv(%x) weight=@v[2,2,1,3] padding=[0,0,1,1] -> [2,1,8]
    %s = add(%a, %b) -> [2,1,8]
    %y = unary.relu(%s) -> [2,1,8]
    output "y" = %y
    weights
    @w 4 full 1
    @v 12 full 1)"),
            (Names{"b", "s"}));
}

TEST(Match, AnAdditionTakesNoDepthwiseConvolutionAndNoSmallerValue) {
  EXPECT_EQ(absorbed(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %d = conv(%x) weight=@d[2,1,1,3] padding=[0,0,1,1] groups=2 -> [2,1,8]
    %y = add(%x, %d) -> [2,1,8]
    output "y" = %y
    weights
    @d 6 full 1)"),
            Names{});
  EXPECT_EQ(absorbed(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %one = conv(%x) weight=@w[1,2,1,1] -> [1,1,8]
    %y = add(%x, %one) -> [2,1,8]
    output "y" = %y
    weights
    @w 2 full 1)"),
            Names{});
}

TEST(Match, AConvolutionTakesThePadBeforeIt) {
  EXPECT_EQ(absorbed(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %p = pad.reflect(%x) padding=[0,0,1,1] -> [2,1,10]
    %y = conv(%p) weight=@v[2,2,1,3] -> [2,1,8]
    output "y" = %y
    weights
    @v 12 full 1)"),
            Names{"p"});
}

TEST(Match, APadOfRowsOrBeforeAPaddedConvolutionStays) {
  EXPECT_EQ(absorbed(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %p = pad.zero(%x) padding=[1,1,0,0] -> [2,3,8]
    %y = conv(%p) weight=@v[2,2,3,1] -> [2,1,8]
    output "y" = %y
    weights
    @v 12 full 1)"),
            Names{});
  EXPECT_EQ(absorbed(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %p = pad.reflect(%x) padding=[0,0,1,0] -> [2,1,9]
    %y = conv(%p) weight=@v[2,2,1,3] padding=[0,0,0,1] -> [2,1,8]
    output "y" = %y
    weights
    @v 12 full 1)"),
            Names{});
}

// A norm of `channels` channels that a convolution reads.
struct NormCase {
  std::string_view norm = "norm.global(%x) gamma=@g[{c}] beta=@g[{c}]";
  std::string_view reader = "conv(%n) weight=@g[1,{c},1,1] -> [1,1,8]";
  int channels = 16;
  std::string_view other_output = "%y";
};

constexpr std::string_view kDepthwise =
    "conv(%n) weight=@d[{c},1,1,3] padding=[0,0,1,1] groups={c} -> [{c},1,8]";

NormRoute route(const NormCase& given) {
  const auto line = [&](std::string_view text) {
    return fmt::format(fmt::runtime(text), fmt::arg("c", given.channels));
  };
  const Graph graph = test::graph_of(fmt::format(
      R"(%x = input() shape=[{0},1,8] -> [{0},1,8]
    %n = {1} -> [{0},1,8]
    %y = {2}
    output "y" = %y
    output "other" = {3}
    weights
    @g {0} full 1
    @d {4} full 1)",
      given.channels, line(given.norm), line(given.reader), given.other_output,
      3 * given.channels));
  const NodeId norm = graph.find("n");
  const Matching matching = match(graph);
  EXPECT_EQ(matching.is_absorbed(norm), matching.route_of(norm) != NormRoute::materialise);
  return matching.route_of(norm);
}

TEST(MatchNorm, StandsBehindPointwiseReaders) {
  EXPECT_EQ(route({}), NormRoute::after_gemm);
  EXPECT_EQ(route({.norm = "norm.channel_wise(%x) gamma=@g[{c}] beta=@g[{c}]"}),
            NormRoute::after_gemm);
  EXPECT_EQ(route({.norm = "norm.cumulative(%x) gamma=@g[{c}] beta=@g[{c}]"}),
            NormRoute::after_gemm);
}

TEST(MatchNorm, OfTheWholeSequenceIsInTheTapsOfDepthwiseReaders) {
  EXPECT_EQ(route({.reader = kDepthwise}), NormRoute::into_taps);
  EXPECT_EQ(
      route({.norm = "norm.channel_wise(%x) gamma=@g[{c}] beta=@g[{c}]", .reader = kDepthwise}),
      NormRoute::materialise);
}

TEST(MatchNorm, OfConstantsIsInTheWeightsOfItsReaders) {
  const std::string_view batch =
      "norm.batch(%x) gamma=@g[{c}] beta=@g[{c}] mean=@g[{c}] variance=@g[{c}]";
  const std::string_view affine = "affine(%x) scale=@g[{c}] bias=@g[{c}]";
  for (std::string_view norm : {batch, affine}) {
    EXPECT_EQ(route({.norm = norm}), NormRoute::into_weights);
    EXPECT_EQ(route({.norm = norm, .reader = kDepthwise}), NormRoute::into_weights);
    EXPECT_EQ(route({.norm = norm, .reader = "unary.tanh(%n) -> [{c},1,8]"}),
              NormRoute::materialise);
  }
}

TEST(MatchNorm, IsAValueWhereSomethingElseReadsIt) {
  EXPECT_EQ(route({.other_output = "%n"}), NormRoute::materialise);
  EXPECT_EQ(route({.reader = "unary.tanh(%n) -> [{c},1,8]"}), NormRoute::materialise);
}

// A mean far above sigma costs digits when it is taken off later.
TEST(MatchNorm, OfFewChannelsOrOverTimeAloneIsAppliedAtOnce) {
  EXPECT_EQ(route({.channels = 15}), NormRoute::materialise);
  EXPECT_EQ(route({.norm = "norm.feature_wise(%x) gamma=@g[{c}] beta=@g[{c}]"}),
            NormRoute::materialise);
}

Conv conv(std::vector<int64_t> dims) {
  return {.weight = Tensor::full(std::move(dims), 1)};
}

TEST(Match, TellsPointwiseFromDepthwiseConvolutions) {
  const Shape two{2, 1, 8};
  EXPECT_TRUE(is_pointwise(conv({4, 2, 1, 1})));
  EXPECT_FALSE(is_pointwise(conv({4, 2, 1, 3})));
  Conv grouped = conv({2, 1, 1, 1});
  grouped.groups = 2;
  EXPECT_FALSE(is_pointwise(grouped));
  EXPECT_TRUE(has_depthwise_kernel(grouped, two));
  Conv strided = conv({4, 2, 1, 1});
  strided.stride.w = 2;
  EXPECT_FALSE(is_pointwise(strided));

  Conv depthwise = conv({2, 1, 1, 3});
  depthwise.groups = 2;
  EXPECT_TRUE(has_depthwise_kernel(depthwise, two));
  Conv doubled = conv({4, 1, 1, 3});  // two filters per channel
  doubled.groups = 2;
  EXPECT_FALSE(has_depthwise_kernel(doubled, two));
  // One channel to one channel is both; it counts as pointwise.
  EXPECT_FALSE(has_depthwise_kernel(conv({1, 1, 1, 1}), {1, 1, 8}));
}

}  // namespace
}  // namespace tessera::cpu
