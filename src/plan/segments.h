// Placement and segments: which nodes the chip gets, and where host steps divide them.
#pragma once

#include <cstdint>
#include <vector>

#include "tessera/graph.h"
#include "tessera/plan.h"

namespace tessera {

// What the host keeps although the chip could take it.
struct PlacementOptions {
  bool encoder_on_chip = false;  // the first convolution of each input and its activation
  bool masks_on_chip = false;    // products of two computed values, and all after them
  // The chip gets convolutions and nothing else: with channel blocks, sums and what follows them
  // wait for every partial result.
  bool convolutions_only = false;
};

// Place of every node by NodeId. On the host always: inputs, constants nobody on the chip reads,
// ops that look at the whole sequence or that no chip does, ScaleShift (its numbers change with
// every input; a chip's weights do not).
std::vector<Place> place_nodes(const Graph& graph, const PlacementOptions& options);

// Whether chip nodes that read the same value run in one call, so that it crosses the link once.
enum class Sharing : uint8_t { none, reads };

// Divides the graph into host steps and segments (without tiling, pieces and calls). A segment is a
// set of chip nodes, connected directly (or by a value they share), with no host step between any
// two of them; no two segments wait for each other.
struct Division {
  std::vector<ChipSegment> segments;
  std::vector<Step> steps;
};
Division divide(const Graph& graph, const std::vector<Place>& places,
                Sharing sharing = Sharing::reads);

}  // namespace tessera
