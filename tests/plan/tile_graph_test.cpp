#include "plan/tile_graph.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include <fmt/format.h>

#include "graph/compare.h"
#include "plan/whole_segment.h"
#include "support/difference.h"
#include "support/graph_text.h"
#include "support/random_values.h"

namespace tessera {
namespace {

using test::cut_frames;
using test::whole_segment;

// The networks of the laws below, 24 frames in.
const char* const kNetworks[] = {
    R"(%x = input() shape=[2,1,24] -> [2,1,24]
    %a = conv(%x) weight=@w[2,2,1,3] bias=@b[2] dilation=[1,2] padding=[0,0,2,2] -> [2,1,24]
    %r = unary.relu(%a) -> [2,1,24]
    %d = conv(%r) weight=@d[2,1,1,3] padding=[0,0,1,1] groups=2 -> [2,1,24]
    %y = add(%x, %d) -> [2,1,24]
    output "y" = %y
    weights
    @w 12 full 0.25
    @b 2 values 0.5 -0.25
    @d 6 values 1 2 3 -1 0.5 2)",
    R"(%x = input() shape=[1,1,24] -> [1,1,24]
    %a = conv(%x) weight=@w[2,1,1,4] stride=[1,2] padding=[0,0,1,2] -> [2,1,12]
    %u = conv_transpose(%a) weight=@u[2,1,1,5] bias=@b[1] stride=[1,2] crop=[0,0,2,1] -> [1,1,24]
    %y = pool.average(%u) kernel=[1,3] stride=[1,3] padding=[0,0,1,1] -> [1,1,8]
    output "y" = %y
    weights
    @w 8 values 1 -2 3 4 -1 2 0.5 1
    @u 10 values 1 2 3 4 5 -1 -2 -3 -4 -5
    @b 1 values 0.75)",
    R"(%x = input() shape=[1,1,24] -> [1,1,24]
    %p = pad.reflect(%x) padding=[0,0,3,2] -> [1,1,29]
    %e = pad.edge(%p) padding=[0,0,1,2] -> [1,1,32]
    %y = slice(%e) axis=w begin=1 end=30 step=3 -> [1,1,10]
    output "y" = %y)"};

// Tiles of every width at every place are what the whole network has there.
TEST(TileGraph, ComputesItsFramesOfTheWhole) {
  for (const char* text : kNetworks) {
    const Graph graph = test::graph_of(text);
    const ChipSegment segment = whole_segment(graph);
    const auto inputs = test::random_inputs(graph, 3);
    const auto whole = test::run_graph(graph, inputs);
    const int64_t frames = graph.node(segment.writes[0]).shape.w;
    int64_t tiles = 0;
    for (int64_t begin = 0; begin < frames; ++begin) {
      for (int64_t end = begin + 1; end <= frames; ++end, ++tiles) {
        SCOPED_TRACE(fmt::format("frames {}..{} of\n{}", begin, end, text));
        const TileWindows windows = tile_windows(graph, segment, {begin, end}).value();
        const Graph tile = tile_graph(graph, segment, windows, {begin, end}).value();
        const FrameRange read = windows.reads.at(0);
        const auto actual =
            test::run_graph(tile, {cut_frames(inputs[0], 24, read.begin, read.end)});
        ASSERT_LE(test::relative_difference({cut_frames(whole[0], frames, begin, end)}, actual),
                  1e-6);
      }
    }
    EXPECT_EQ(tiles, frames * (frames + 1) / 2);
  }
}

// A piece is compiled for a key once, and called for every tile that has it.
TEST(TileKey, IsEqualOnlyForTilesThatAreTheSameNetwork) {
  for (const char* text : kNetworks) {
    const Graph graph = test::graph_of(text);
    const ChipSegment segment = whole_segment(graph);
    const int64_t frames = graph.node(segment.writes[0]).shape.w;
    std::map<std::string, Graph> seen;
    for (int64_t begin = 0; begin < frames; ++begin) {
      for (int64_t end = begin + 1; end <= frames; ++end) {
        const TileWindows windows = tile_windows(graph, segment, {begin, end}).value();
        const Graph tile = tile_graph(graph, segment, windows, {begin, end}).value();
        const auto [place, is_new] =
            seen.try_emplace(tile_key(graph, segment, windows, {begin, end}), tile);
        ASSERT_TRUE(is_new || compare_graphs(place->second, tile, 0).same);
      }
    }
    EXPECT_LT(static_cast<int64_t>(seen.size()), frames * (frames + 1) / 2) << text;
  }
}

// Zeros of a convolution that reads the segment's input come with the input.
TEST(TileWindows, OfAPaddedConvolutionReachOutsideTheSequence) {
  const Graph graph = test::graph_of(kNetworks[0]);
  const TileWindows windows = tile_windows(graph, whole_segment(graph), {0, 4}).value();
  // y 0..4 <- d 0..4 <- r, a 0..5 (its own zero before 0) <- x -2..7
  EXPECT_EQ(windows.reads.at(0), (FrameRange{-2, 7}));
  EXPECT_EQ(windows.nodes.at(0), (FrameRange{0, 5}));
}

TEST(TileWindows, OfANormOverTimeAreRefused) {
  const Graph graph = test::graph_of(R"(%x = input() shape=[1,1,8] -> [1,1,8]
    %n = norm.global(%x) gamma=@g[1] beta=@g[1] -> [1,1,8]
    output "y" = %n
    weights
    @g 1 values 1)");
  EXPECT_EQ(
      tile_windows(graph, whole_segment(graph), {0, 4}).error().to_string(),
      "node 'n' (norm.global): needs the whole sequence at once, which no tile has (plan this "
      "network anew)");
}

TEST(TileWindows, OfPaddingAloneAreRefused) {
  const Graph graph = test::graph_of(R"(%x = input() shape=[1,1,8] -> [1,1,8]
    %p = pad.zero(%x) padding=[0,0,4,0] -> [1,1,12]
    output "y" = %p)");
  const auto windows = tile_windows(graph, whole_segment(graph), {0, 4});
  ASSERT_FALSE(windows);
  EXPECT_EQ(windows.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(windows.error().subject, "node 'p' (pad.zero)");
  EXPECT_TRUE(tile_windows(graph, whole_segment(graph), {0, 5}));
}

}  // namespace
}  // namespace tessera
