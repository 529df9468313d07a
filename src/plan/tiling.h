// Tiling: a segment becomes a few pieces and the calls that cover the whole sequence.
#pragma once

#include <cstdint>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"

namespace tessera {

// Fills segment.pieces and segment.calls for segment.tiling. Tiles of equal network share a piece:
// usually one, and one more at each end of the sequence where padding lies inside the segment. The
// last tile reaches back over its neighbour rather than being narrower, and writes only what is
// new. Errors: kInvalidArgument (tile_frames or stripes below 1), kUnsupported as in
// plan/tile_graph.h, kInvalidModel when the values written differ in length.
Result<void> tile_segment(const Graph& graph, ChipSegment& segment);

}  // namespace tessera
