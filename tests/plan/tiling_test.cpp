#include "plan/tiling.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

#include "plan/whole_segment.h"
#include "support/graph_text.h"

namespace tessera {
namespace {

constexpr std::string_view kPlain = R"(%x = input() shape=[1,1,10] -> [1,1,10]
    %a = conv(%x) weight=@w[1,1,1,3] padding=[0,0,1,1] -> [1,1,10]
    %y = unary.relu(%a) -> [1,1,10]
    output "y" = %y
    weights
    @w 3 values 1 2 3)";

// Zeros that no input brings make the first and the last tile networks of their own.
constexpr std::string_view kPaddedInside = R"(%x = input() shape=[1,1,40] -> [1,1,40]
    %r = unary.relu(%x) -> [1,1,40]
    %y = conv(%r) weight=@w[1,1,1,3] dilation=[1,2] padding=[0,0,2,2] -> [1,1,40]
    output "y" = %y
    weights
    @w 3 values 1 2 3)";

ChipSegment tiled(const Graph& graph, const Tiling& tiling) {
  ChipSegment segment = test::whole_segment(graph);
  segment.tiling = tiling;
  tile_segment(graph, segment).value();
  return segment;
}

// How often each frame of the output is written; tiles that fill a call do not count.
std::vector<int> times_written(const ChipSegment& segment, int64_t frames) {
  std::vector<int> times(static_cast<size_t>(frames), 0);
  for (const PieceCall& call : segment.calls) {
    for (size_t i = 0; i < call.tiles.size(); ++i) {
      const Tile& tile = call.tiles[i];
      const bool fills = i > 0 && tile.phase == call.tiles[i - 1].phase &&
                         tile.write_begin == call.tiles[i - 1].write_begin;
      if (fills) continue;
      for (int64_t t = tile.write_begin; t < tile.write_begin + tile.write_frames; ++t)
        ++times.at(static_cast<size_t>(tile.phase + t * segment.tiling.phases));
    }
  }
  return times;
}

// 10 frames in tiles of 4: 0..4, 4..8 and 6..10, of which 8..10 is new; each reads one more on
// either side.
TEST(TileSegment, TheLastTileReachesBackOverItsNeighbour) {
  const ChipSegment segment = tiled(test::graph_of(kPlain), {.tile_frames = 4});
  ASSERT_EQ(segment.pieces.size(), 1U);
  EXPECT_EQ(segment.pieces[0].name, "seg_0");
  EXPECT_EQ(segment.pieces[0].frames, std::vector<int64_t>{6});
  ASSERT_EQ(segment.calls.size(), 3U);
  const int64_t expected[3][4] = {{-1, 0, 4, 0}, {3, 4, 4, 0}, {5, 8, 2, 2}};
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(segment.calls[i].tiles.size(), 1U);
    const Tile& tile = segment.calls[i].tiles[0];
    EXPECT_EQ(tile.read_begin, std::vector<int64_t>{expected[i][0]});
    EXPECT_EQ(tile.write_begin, expected[i][1]);
    EXPECT_EQ(tile.write_frames, expected[i][2]);
    EXPECT_EQ(tile.skip_frames, expected[i][3]);
  }
}

TEST(TileSegment, PaddingInsideMakesAPieceForEachEnd) {
  const ChipSegment segment = tiled(test::graph_of(kPaddedInside), {.tile_frames = 8});
  EXPECT_EQ(segment.pieces.size(), 3U);
  ASSERT_EQ(segment.calls.size(), 5U);
  std::vector<int32_t> pieces;
  for (const PieceCall& call : segment.calls) pieces.push_back(call.piece);
  EXPECT_EQ(pieces, (std::vector<int32_t>{0, 1, 1, 1, 2}));
}

TEST(TileSegment, ASequenceShorterThanATileIsOneTile) {
  const ChipSegment segment = tiled(test::graph_of(kPaddedInside), {.tile_frames = 100});
  ASSERT_EQ(segment.calls.size(), 1U);
  EXPECT_EQ(segment.calls[0].tiles[0].write_frames, 40);
}

TEST(TileSegment, WritesEveryFrameExactlyOnce) {
  const std::pair<std::string_view, int64_t> networks[] = {{kPlain, 10}, {kPaddedInside, 40}};
  for (const auto& [text, frames] : networks) {
    const Graph graph = test::graph_of(text);
    for (Layout layout : {Layout::row, Layout::stripes}) {
      for (int64_t stripes = 1; stripes <= (layout == Layout::row ? 1 : 4); ++stripes) {
        for (int64_t tile = 1; tile <= frames + 1; ++tile) {
          const ChipSegment segment =
              tiled(graph, {.layout = layout, .tile_frames = tile, .stripes = stripes});
          const std::vector<int> times = times_written(segment, frames);
          EXPECT_TRUE(std::all_of(times.begin(), times.end(), [](int n) { return n == 1; }))
              << fmt::format("{} frames, tiles of {}, {} stripes", frames, tile, stripes);
          for (const PieceCall& call : segment.calls)
            EXPECT_EQ(static_cast<int64_t>(call.tiles.size()), stripes);
        }
      }
    }
  }
}

TEST(TileSegment, WritesEveryFrameOfEveryPhaseExactlyOnce) {
  const Graph graph = test::graph_of(kPaddedInside);
  for (int64_t tile = 1; tile <= 21; ++tile) {
    const ChipSegment segment = tiled(graph, {.tile_frames = tile, .phases = 2});
    const std::vector<int> times = times_written(segment, 40);
    EXPECT_TRUE(std::all_of(times.begin(), times.end(), [](int n) { return n == 1; })) << tile;
    for (const Piece& piece : segment.pieces) {
      for (NodeId id : piece.graph.order()) {
        const auto* conv = piece.graph.get_if<Conv>(id);
        EXPECT_TRUE(conv == nullptr || conv->dilation.w == 1) << piece.name;
      }
    }
  }
}

TEST(TileSegment, RefusesTilesOfNothing) {
  const Graph graph = test::graph_of(kPlain);
  ChipSegment segment = test::whole_segment(graph);
  segment.tiling = {.tile_frames = 0};
  EXPECT_EQ(
      tile_segment(graph, segment).error().to_string(),
      "seg: a tile of 0 frames in 1 stripes and 1 phases has no meaning (choose at least 1 of "
      "each)");
}

TEST(TileSegment, RefusesToWriteValuesOfTwoLengths) {
  const Graph graph = test::graph_of(R"(%x = input() shape=[1,1,10] -> [1,1,10]
    %a = unary.relu(%x) -> [1,1,10]
    %b = slice(%a) axis=w begin=0 end=5 -> [1,1,5]
    output "a" = %a
    output "b" = %b)");
  ChipSegment segment = test::whole_segment(graph);
  segment.tiling = {.tile_frames = 5};
  EXPECT_EQ(tile_segment(graph, segment).error().to_string(),
            "seg: writes values of 10 and 5 frames (plan this network anew)");
}

}  // namespace
}  // namespace tessera
