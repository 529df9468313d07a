#include "plan/tiling.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

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

// A tile that was looked at.
struct SeenTile {
  Stretch stretch;
  TileWindows windows;
  std::string key;
};

Result<SeenTile> see(const Graph& graph, const ChipSegment& network, const Stretch& stretch) {
  SeenTile seen{stretch, {}, {}};
  TESSERA_TRY(seen.windows, tile_windows(graph, network, stretch.computed));
  seen.key = tile_key(graph, network, seen.windows, stretch.computed);
  return seen;
}

FrameRange moved(const FrameRange& before, const FrameRange& at, int64_t steps) {
  return {at.begin + steps * (at.begin - before.begin), at.end + steps * (at.end - before.end)};
}

std::vector<FrameRange> moved(const std::vector<FrameRange>& before,
                              const std::vector<FrameRange>& at, int64_t steps) {
  std::vector<FrameRange> ranges;
  for (size_t i = 0; i < at.size(); ++i) ranges.push_back(moved(before[i], at[i], steps));
  return ranges;
}

// Whether `after` is the same network as `at`, moved on by `steps` times what lies between `before`
// and `at`.
bool goes_on(const SeenTile& before, const SeenTile& at, const SeenTile& after, int64_t steps) {
  return after.key == at.key &&
         after.stretch.computed == moved(before.stretch.computed, at.stretch.computed, steps) &&
         after.windows.reads == moved(before.windows.reads, at.windows.reads, steps) &&
         after.windows.nodes == moved(before.windows.nodes, at.windows.nodes, steps);
}

bool are_regular(const std::vector<SeenTile>& last) {
  return last.size() == 3 && last[0].key == last[1].key && goes_on(last[0], last[1], last[2], 1);
}

// Behind the tiles after number `i`, the last of `last`, that are its network moved on. What an end
// of the sequence cuts off, or a border in time within it, it also cuts off every later tile: where
// a later tile goes on regularly, so do those between.
size_t end_of_regular(const Graph& graph, const ChipSegment& network,
                      const std::vector<Stretch>& all, size_t i,
                      const std::vector<SeenTile>& last) {
  for (size_t back = 1; back + i + 1 < all.size(); back *= 2) {
    const size_t j = all.size() - back;
    const Result<SeenTile> later = see(graph, network, all[j]);
    if (later && goes_on(last[1], last[2], *later, static_cast<int64_t>(j - i))) return j + 1;
  }
  return i + 1;
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

  // `graph` and `network` are the segment as this phase sees it, `frames` frames long. Tiles far
  // from both ends are the same network, and are not looked at one by one.
  Result<void> add_phase(const Graph& graph, const ChipSegment& network, int64_t phase,
                         int64_t frames, int64_t width) {
    const std::vector<Stretch> all = stretches(frames, width);
    std::vector<SeenTile> last;  // three at most
    for (size_t i = 0; i < all.size(); ++i) {
      TESSERA_TRY(SeenTile seen, see(graph, network, all[i]));
      const auto [place, is_new] =
          piece_of_.try_emplace(seen.key, static_cast<int32_t>(segment_.pieces.size()));
      if (is_new) TESSERA_TRY_VOID(add_piece(graph, network, seen.windows, all[i]));
      add_tile(place->second, tile_of(phase, seen.windows, all[i]));
      if (last.size() == 3) last.erase(last.begin());
      last.push_back(std::move(seen));
      if (!are_regular(last)) continue;
      const size_t end = end_of_regular(graph, network, all, i, last);
      for (size_t j = i + 1; j < end; ++j) {
        const auto steps = static_cast<int64_t>(j - i);
        const TileWindows windows{moved(last[1].windows.reads, last[2].windows.reads, steps), {}};
        add_tile(place->second, tile_of(phase, windows, all[j]));
      }
      i = std::max(i, end - 1);
      last.clear();
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
