#include "report/network_drawing.h"

#include <gtest/gtest.h>

#include "report/repeats.h"
#include "report/tcn_graph.h"

namespace tessera {
namespace {

int count(const std::string& text, const std::string& word) {
  int found = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

TEST(RepeatsTest, EveryBlockOfATcnIsFound) {
  const auto repeats = find_repeats(TcnBuilder::build(3, 4));
  ASSERT_TRUE(repeats.has_value());
  EXPECT_EQ(repeats->instances.size(), 12U);
}

TEST(RepeatsTest, ABlockBeginsWhereTheResidualStreamEnters) {
  const Graph graph = TcnBuilder::build(3, 4);
  const auto repeats = find_repeats(graph);
  ASSERT_TRUE(repeats.has_value());
  const auto& block = repeats->instances[repeats->typical].nodes;
  const auto* first = graph.get_if<Conv>(block.front());
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->weight.dims(), (std::vector<int64_t>{24, 8, 1, 1}));
  EXPECT_NE(graph.get_if<Add>(block.back()), nullptr);
}

TEST(RepeatsTest, TheFirstBlockLacksTheSkipSumAndTheLastTheResidual) {
  const auto repeats = find_repeats(TcnBuilder::build(2, 4));
  ASSERT_TRUE(repeats.has_value());
  const auto missing = [&](const RepeatInstance& block) {
    return std::count(block.nodes.begin(), block.nodes.end(), kNoNode);
  };
  EXPECT_EQ(missing(repeats->instances.front()), 1);
  EXPECT_EQ(missing(repeats->instances[1]), 0);
  EXPECT_EQ(missing(repeats->instances.back()), 2);
}

TEST(RepeatsTest, ANetworkWithoutBlocksHasNone) {
  EXPECT_FALSE(find_repeats(TcnBuilder::build(1, 1)).has_value());
}

TEST(NetworkDrawingTest, BlocksAreDrawnOnceAndCounted) {
  const std::string svg = draw_network(TcnBuilder::build(3, 4), "a separator");
  EXPECT_EQ(count(svg, "12 blocks: 3 repeats of 4"), 1);
  EXPECT_EQ(count(svg, ">depthwise conv 3"), 1);
  EXPECT_EQ(count(svg, ">d 8<"), 3);  // one chip in each repeat
}

TEST(NetworkDrawingTest, TheSkipPathIsDrawnInItsColour) {
  EXPECT_NE(draw_network(TcnBuilder::build(2, 4), "").find("skip path"), std::string::npos);
  EXPECT_EQ(draw_network(TcnBuilder::build(2, 4, false), "").find("skip path"), std::string::npos);
}

TEST(NetworkDrawingTest, EveryNodeOutsideTheBlocksIsDrawnWithItsShape) {
  const std::string svg = draw_network(TcnBuilder::build(2, 4), "");
  EXPECT_EQ(count(svg, ">transposed conv 16, stride 8<"), 2);
  EXPECT_EQ(count(svg, ">[2,1,808]<"), 2);  // the concat and the output
}

TEST(NetworkDrawingTest, NamesFromAFileCannotBreakTheMarkup) {
  const std::string svg = draw_network(TcnBuilder::build(1, 2), "<script>\"&");
  EXPECT_EQ(svg.find("<script>"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;&quot;&amp;"), std::string::npos);
}

}  // namespace
}  // namespace tessera
