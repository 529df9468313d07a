// The network of one tile: a segment's nodes, cut to the frames that one stretch of output needs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/window.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"

namespace tessera {

// Which frames a tile touches. Ranges of inputs may reach outside the sequence (zeros); every other
// range lies inside.
struct TileWindows {
  std::vector<FrameRange> reads;  // follow ChipSegment::reads
  std::vector<FrameRange> nodes;  // follow ChipSegment::nodes
};

// Windows for output frames `out` of every value in `segment.writes`.
// Errors: kUnsupported naming the node that needs the whole sequence, or whose padding exceeds its
// kernel.
Result<TileWindows> tile_windows(const Graph& graph, const ChipSegment& segment, FrameRange out);

// Equal for tiles that are the same network at another place of the sequence.
std::string tile_key(const Graph& graph, const ChipSegment& segment, const TileWindows& windows,
                     FrameRange out);

// The tile as a graph: inputs named as the values read, outputs as those written.
Result<Graph> tile_graph(const Graph& graph, const ChipSegment& segment, const TileWindows& windows,
                         FrameRange out);

// The same network with time on H and `stripes` tiles side by side on W: [C, 1, frames] becomes
// [C, frames, stripes]; kernels (1, k) become (k, 1). Errors: kUnsupported for H > 1 in the tile.
Result<Graph> to_stripes(const Graph& tile, int64_t stripes);

}  // namespace tessera
