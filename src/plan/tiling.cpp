#include "plan/tiling.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "plan/phases.h"
#include "plan/tile_graph.h"

namespace tessera {
namespace {

// A stretch of output: computed as `computed`, of which `written` is new.
struct Stretch {
  FrameRange computed;
  FrameRange written;
};

// Tiles of `width` over `frames`; the last reaches back over its neighbour. A sequence shorter than
// a tile is computed past its end.
std::vector<Stretch> stretches(int64_t frames, int64_t width) {
  std::vector<Stretch> result;
  for (int64_t begin = 0; begin < frames; begin += width) {
    const int64_t from = std::max<int64_t>(0, std::min(begin, frames - width));
    result.push_back({{from, from + width}, {begin, std::min(begin + width, frames)}});
  }
  return result;
}

Tile tile_of(int64_t phase, const TileWindows& windows, const Stretch& stretch) {
  Tile tile;
  tile.phase = phase;
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
          "plan this network anew");
    }
  }
  return frames;
}

// Makes the pieces and calls of one segment, phase by phase.
class Tiler {
 public:
  explicit Tiler(ChipSegment& segment) : segment_(segment), tiling_(segment.tiling) {
    segment_.pieces.clear();
    segment_.calls.clear();
  }

  // Every tile is the same network at another place, wherever it lies: one piece, one set of
  // windows. `network` is any phase of the segment with at least one whole tile.
  Result<void> add_alike(const PhaseNetwork& network, int64_t frames) {
    const int64_t width = tiling_.tile_frames;
    const Stretch first{{0, width}, {0, width}};
    TESSERA_TRY(const TileWindows at_zero,
                tile_windows(network.graph, network.segment, first.computed));
    TESSERA_TRY_VOID(add_piece(network.graph, network.segment, at_zero, first));
    for (int64_t phase = 0; phase < std::min(tiling_.phases, frames); ++phase) {
      for (const Stretch& stretch : stretches(phase_frames(frames, tiling_.phases, phase), width)) {
        Tile tile = tile_of(phase, at_zero, stretch);
        for (size_t i = 0; i < tile.read_begin.size(); ++i) {
          const NodeId read = network.segment.reads[i];
          if (network.graph.node(read).shape.w > 1) tile.read_begin[i] += stretch.computed.begin;
        }
        add_tile(0, std::move(tile));
      }
    }
    return {};
  }

  // `graph` and `network` are the segment as this phase sees it, `frames` frames long.
  Result<void> add_phase(const Graph& graph, const ChipSegment& network, int64_t phase,
                         int64_t frames, int64_t width) {
    for (const Stretch& stretch : stretches(frames, width)) {
      TESSERA_TRY(const TileWindows windows, tile_windows(graph, network, stretch.computed));
      const std::string key = tile_key(graph, network, windows, stretch.computed);
      const auto [place, is_new] =
          piece_of_.try_emplace(key, static_cast<int32_t>(segment_.pieces.size()));
      if (is_new) TESSERA_TRY_VOID(add_piece(graph, network, windows, stretch));
      add_tile(place->second, tile_of(phase, windows, stretch));
    }
    return {};
  }

  // Repeats the last tile of a call that is not full.
  void fill_calls() {
    for (PieceCall& call : segment_.calls) {
      while (static_cast<int64_t>(call.tiles.size()) < tiling_.stripes)
        call.tiles.push_back(call.tiles.back());
    }
  }

 private:
  Result<void> add_piece(const Graph& graph, const ChipSegment& network, const TileWindows& windows,
                         const Stretch& stretch) {
    TESSERA_TRY(Graph tile, tile_graph(graph, network, windows, stretch.computed));
    if (tiling_.layout == Layout::stripes) {
      TESSERA_TRY(tile, to_stripes(tile, tiling_.stripes));
    }
    Piece piece{fmt::format("{}_{}", segment_.name, segment_.pieces.size()),
                std::move(tile),
                {},
                tiling_.stripes};
    for (const FrameRange& range : windows.reads) piece.frames.push_back(range.frames());
    segment_.pieces.push_back(std::move(piece));
    return {};
  }

  void add_tile(int32_t piece, Tile tile) {
    const auto open = open_call_.find(piece);
    if (open == open_call_.end()) {
      open_call_[piece] = segment_.calls.size();
      segment_.calls.push_back({piece, {}});
    }
    PieceCall& call = segment_.calls[open_call_.at(piece)];
    call.tiles.push_back(std::move(tile));
    if (static_cast<int64_t>(call.tiles.size()) == tiling_.stripes) open_call_.erase(piece);
  }

  ChipSegment& segment_;
  const Tiling tiling_;
  std::map<std::string, int32_t> piece_of_;  // by tile_key
  std::map<int32_t, size_t> open_call_;      // by piece: the call that still has room for tiles
};

}  // namespace

Result<void> tile_segment(const Graph& graph, ChipSegment& segment) {
  const Tiling& tiling = segment.tiling;
  if (tiling.tile_frames < 1 || tiling.stripes < 1 || tiling.phases < 1) {
    return TESSERA_ERROR(
        kInvalidArgument, segment.name,
        fmt::format("a tile of {} frames in {} stripes and {} phases has no meaning",
                    tiling.tile_frames, tiling.stripes, tiling.phases),
        "choose at least 1 of each");
  }
  TESSERA_TRY(const int64_t frames, written_frames(graph, segment));
  Tiler tiler(segment);
  if (frames > 1 && can_run_past_the_end(graph, segment)) {
    const int64_t extra =
        std::max<int64_t>(0, tiling.tile_frames - phase_frames(frames, tiling.phases, 0));
    TESSERA_TRY(const PhaseNetwork network, phase_network(graph, segment, tiling.phases, 0, extra));
    TESSERA_TRY_VOID(tiler.add_alike(network, frames));
  } else {
    const int64_t shortest = std::max<int64_t>(1, frames / tiling.phases);
    const int64_t width = std::min(tiling.tile_frames, shortest);
    for (int64_t phase = 0; phase < std::min(tiling.phases, frames); ++phase) {
      const int64_t own = phase_frames(frames, tiling.phases, phase);
      if (tiling.phases == 1) {
        TESSERA_TRY_VOID(tiler.add_phase(graph, segment, phase, own, width));
        continue;
      }
      TESSERA_TRY(const PhaseNetwork network,
                  phase_network(graph, segment, tiling.phases, phase, 0));
      TESSERA_TRY_VOID(tiler.add_phase(network.graph, network.segment, phase, own, width));
    }
  }
  tiler.fill_calls();
  return {};
}

}  // namespace tessera
