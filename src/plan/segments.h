// Segments: chip nodes that run without a host step between them.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "plan/partition.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"

namespace tessera {

// Whether chip nodes that read the same value run in one call, so that it crosses the link once.
enum class Sharing : uint8_t { none, reads };

struct DivisionOptions {
  Sharing sharing = Sharing::reads;
  // The largest dilation that a piece may have. A segment with a wider one runs by phases, which
  // takes one and the same dilation for all of it.
  int64_t dilation = std::numeric_limits<int64_t>::max();
  // A kernel of several frames begins a segment: its halo comes from the host, so that no tile
  // computes its neighbours' frames and every tile is the same piece.
  bool kernels_read_host = false;
  // Constants of several frames are values that segments read; otherwise they are part of them.
  bool frame_constants_read = false;
};

// Host steps and segments, without tiling, pieces and calls. A segment is a set of chip nodes,
// connected directly (or by a value they share), with no host step between any two of them, all
// of one length; no two segments wait for each other.
struct Division {
  std::vector<ChipSegment> segments;
  std::vector<Step> steps;
};
Division divide(const Graph& graph, const std::vector<Assignment>& places,
                const DivisionOptions& options = {});

}  // namespace tessera
