#include "plan/tiling.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "plan/tile_graph.h"

namespace tessera {
namespace {

// A stretch of output: computed as `computed`, of which `written` is new.
struct Stretch {
  FrameRange computed;
  FrameRange written;
};

std::vector<Stretch> stretches(int64_t frames, int64_t tile_frames) {
  const int64_t width = std::min(tile_frames, frames);
  std::vector<Stretch> result;
  for (int64_t begin = 0; begin < frames; begin += width) {
    const int64_t from = std::min(begin, frames - width);
    result.push_back({{from, from + width}, {begin, std::min(begin + width, frames)}});
  }
  return result;
}

Tile tile_of(const TileWindows& windows, const Stretch& stretch) {
  Tile tile;
  for (const FrameRange& range : windows.reads) tile.read_begin.push_back(range.begin);
  tile.write_begin = stretch.written.begin;
  tile.write_frames = stretch.written.frames();
  tile.skip_frames = stretch.written.begin - stretch.computed.begin;
  return tile;
}

Result<int64_t> written_frames(const Graph& graph, const ChipSegment& segment) {
  TESSERA_CHECK(!segment.writes.empty(), "a segment writes something");
  const int64_t frames = graph.node(segment.writes.front()).shape.w;
  for (NodeId id : segment.writes) {
    if (graph.node(id).shape.w != frames) {
      return TESSERA_ERROR(
          kInvalidModel, segment.name,
          fmt::format("writes values of {} and {} frames", frames, graph.node(id).shape.w),
          "divide it where the length changes");
    }
  }
  return frames;
}

}  // namespace

Result<void> tile_segment(const Graph& graph, ChipSegment& segment) {
  const Tiling& tiling = segment.tiling;
  if (tiling.tile_frames < 1 || tiling.stripes < 1) {
    return TESSERA_ERROR(kInvalidArgument, segment.name,
                         fmt::format("a tile of {} frames in {} stripes has no meaning",
                                     tiling.tile_frames, tiling.stripes),
                         "choose at least 1 of each");
  }
  TESSERA_TRY(const int64_t frames, written_frames(graph, segment));
  segment.pieces.clear();
  segment.calls.clear();
  std::map<std::string, int32_t> piece_of;
  std::map<int32_t, size_t> open_call;  // by piece: the call that still has room for tiles
  for (const Stretch& stretch : stretches(frames, tiling.tile_frames)) {
    TESSERA_TRY(const TileWindows windows, tile_windows(graph, segment, stretch.computed));
    const std::string key = tile_key(graph, segment, windows, stretch.computed);
    const auto [place, is_new] =
        piece_of.try_emplace(key, static_cast<int32_t>(segment.pieces.size()));
    if (is_new) {
      TESSERA_TRY(Graph network, tile_graph(graph, segment, windows, stretch.computed));
      if (tiling.layout == Layout::stripes) {
        TESSERA_TRY(network, to_stripes(network, tiling.stripes));
      }
      Piece piece{fmt::format("{}_{}", segment.name, segment.pieces.size()),
                  std::move(network),
                  {},
                  tiling.stripes};
      for (const FrameRange& range : windows.reads) piece.frames.push_back(range.frames());
      segment.pieces.push_back(std::move(piece));
    }
    const auto open = open_call.find(place->second);
    if (open == open_call.end()) {
      open_call[place->second] = segment.calls.size();
      segment.calls.push_back({place->second, {}});
    }
    PieceCall& call = segment.calls[open_call.at(place->second)];
    call.tiles.push_back(tile_of(windows, stretch));
    if (static_cast<int64_t>(call.tiles.size()) == tiling.stripes) open_call.erase(place->second);
  }
  for (PieceCall& call : segment.calls) {
    while (static_cast<int64_t>(call.tiles.size()) < tiling.stripes)
      call.tiles.push_back(call.tiles.back());
  }
  return {};
}

}  // namespace tessera
