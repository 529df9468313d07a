// A whole small graph as one segment of a plan.
#pragma once

#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"

namespace tessera::test {

// Reads the inputs, computes every other node, writes the outputs.
inline ChipSegment whole_segment(const Graph& graph) {
  ChipSegment segment;
  segment.name = "seg";
  for (NodeId id : graph.order()) {
    (graph.get_if<Input>(id) != nullptr ? segment.reads : segment.nodes).push_back(id);
  }
  for (const GraphOutput& output : graph.outputs()) segment.writes.push_back(output.node);
  return segment;
}

// Frames begin..end-1 of every row of a value of so many frames; zeros outside.
inline std::vector<float> cut_frames(const std::vector<float>& values, int64_t frames,
                                     int64_t begin, int64_t end) {
  std::vector<float> cut;
  const auto rows = static_cast<int64_t>(values.size()) / frames;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t t = begin; t < end; ++t) {
      const bool inside = t >= 0 && t < frames;
      cut.push_back(inside ? values[static_cast<size_t>(row * frames + t)] : 0.0F);
    }
  }
  return cut;
}

}  // namespace tessera::test
