// Phases: what a segment is for the frames p, p + d, p + 2*d ... of its values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"

namespace tessera {

// How many of `frames` frames lie in phase `phase` of `phases`.
int64_t phase_frames(int64_t frames, int64_t phases, int64_t phase);

// The dilation along time that all dilated kernels of these nodes share; 1 where none is dilated or
// they differ.
int64_t common_dilation(const Graph& graph, const std::vector<NodeId>& nodes);

// Why a node cannot run in this many phases, or empty: one phase of its result must need nothing
// but that phase of its operands. An operand of one frame belongs to every phase.
std::string leaves_its_phase(const Graph& graph, const Node& node, int64_t phases);

// Whether frames beyond the sequence's end can be computed and thrown away without changing those
// before it: every op moves one frame per frame, and padding stands only where values are read.
bool can_run_past_the_end(const Graph& graph, const ChipSegment& segment);

// A segment's network as one phase sees it: its reads are inputs, dilations are divided by the
// number of phases, and the sequence is as long as the phase plus `extra_frames` at its end.
struct PhaseNetwork {
  Graph graph;
  ChipSegment segment;  // in the ids of `graph`
};
// Errors: kUnsupported naming the node whose frames do not stay within a phase.
Result<PhaseNetwork> phase_network(const Graph& graph, const ChipSegment& segment, int64_t phases,
                                   int64_t phase, int64_t extra_frames);

}  // namespace tessera
