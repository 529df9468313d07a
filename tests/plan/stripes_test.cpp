#include <gtest/gtest.h>

#include "plan/tile_graph.h"
#include "support/difference.h"
#include "support/graph_text.h"
#include "support/random_values.h"

namespace tessera {
namespace {

// [C, frames] of every stripe side by side: [C, frames, stripes].
std::vector<float> side_by_side(const std::vector<std::vector<float>>& stripes) {
  std::vector<float> joined;
  for (size_t i = 0; i < stripes[0].size(); ++i) {
    for (const std::vector<float>& stripe : stripes) joined.push_back(stripe[i]);
  }
  return joined;
}

// Every stripe is computed as a tile of its own: none sees its neighbours.
void expect_stripes_apart(std::string_view text) {
  constexpr int64_t kStripes = 3;
  const Graph tile = test::graph_of(text);
  const Graph striped = to_stripes(tile, kStripes).value();
  std::vector<std::vector<float>> inputs;
  std::vector<std::vector<float>> outputs;
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    inputs.push_back(test::random_inputs(tile, stripe)[0]);
    outputs.push_back(test::run_graph(tile, {inputs.back()})[0]);
  }
  const Shape shape = tile.node(tile.inputs()[0]).shape;
  EXPECT_EQ(striped.node(striped.inputs()[0]).shape, (Shape{shape.c, shape.w, kStripes}));
  EXPECT_LE(test::relative_difference({side_by_side(outputs)},
                                      test::run_graph(striped, {side_by_side(inputs)})),
            1e-6)
      << text;
}

TEST(ToStripes, KeepConvolutionsAlongTimeApart) {
  expect_stripes_apart(R"(%x = input() shape=[2,1,12] -> [2,1,12]
    %a = conv(%x) weight=@w[2,1,1,3] dilation=[1,2] padding=[0,0,3,1] groups=2 -> [2,1,12]
    %r = unary.prelu(%a) slope=@s[2] -> [2,1,12]
    %y = conv(%r) weight=@v[1,2,1,4] bias=@b[1] stride=[1,2] -> [1,1,5]
    output "y" = %y
    weights
    @w 6 values 1 2 3 4 5 6
    @s 2 values 0.25 0.5
    @v 8 values 1 -1 2 -2 3 -3 4 -4
    @b 1 values 0.5)");
}

TEST(ToStripes, KeepTransposedConvolutionsAndPoolsApart) {
  expect_stripes_apart(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %u = conv_transpose(%x) weight=@w[1,2,1,4] stride=[1,2] crop=[0,0,1,2] -> [2,1,11]
    %y = pool.max(%u) kernel=[1,3] stride=[1,2] padding=[0,0,1,1] -> [2,1,6]
    output "y" = %y
    weights
    @w 8 values 1 -1 2 -2 3 -3 4 -4)");
}

TEST(ToStripes, KeepSlicesJoinsAndSumsOverChannelsApart) {
  expect_stripes_apart(R"(%x = input() shape=[2,1,6] -> [2,1,6]
    %c = constant() value=@c[1,1,6] -> [1,1,6]
    %s = slice(%x) axis=c begin=1 end=2 -> [1,1,6]
    %j = concat(%x, %s, %c) axis=c -> [4,1,6]
    %m = reduce.sum(%j) over_c=true -> [1,1,6]
    %a = add(%m, %j) -> [4,1,6]
    %y = slice(%a) axis=w begin=1 end=6 step=2 -> [4,1,3]
    output "y" = %y
    weights
    @c 6 values 1 2 3 4 5 6)");
}

std::string refusal(std::string_view text) {
  const auto striped = to_stripes(test::graph_of(text), 2);
  return striped ? "none" : striped.error().to_string();
}

TEST(ToStripes, RefuseSeveralRows) {
  EXPECT_EQ(refusal(R"(%x = input() shape=[1,2,6] -> [1,2,6]
    %y = unary.relu(%x) -> [1,2,6]
    output "y" = %y)"),
            "node 'x' (input): has several rows: stripes need the rows for time (choose the row "
            "layout: PlanOptions::layout row)");
}

TEST(ToStripes, RefuseAWindowBesideTheOnlyRow) {
  EXPECT_EQ(
      refusal(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %y = conv(%x) weight=@w[1,1,3,1] padding=[1,1,0,0] -> [1,1,6]
    output "y" = %y
    weights
    @w 3 values 1 2 3)"),
      "node 'y' (conv): has a window over rows (choose the row layout: PlanOptions::layout row)");
}

TEST(ToStripes, RefuseStatistics) {
  EXPECT_EQ(refusal(R"(%x = input() shape=[2,1,6] -> [2,1,6]
    %y = norm.channel_wise(%x) gamma=@g[2] beta=@g[2] -> [2,1,6]
    output "y" = %y
    weights
    @g 2 values 1 1)"),
            "node 'y' (norm.channel_wise): has statistics, which stripes do not keep apart (choose "
            "the row layout: PlanOptions::layout row)");
}

}  // namespace
}  // namespace tessera
