// Values that additions join, a residual stream above all. An addition needs its operands in one
// measure: what is done to one of them must be done to all. A scale for every channel, or another
// basis, is exact and free where it vanishes into the rows of the convolutions that make the values
// and the columns of those that read them.
#pragma once

#include <functional>
#include <vector>

#include "tessera/compiler/graph.h"

namespace tessera {

// Channels of a value.
struct ValuePart {
  NodeId node = kNoNode;
  int64_t begin = 0;
  int64_t end = 0;

  int64_t channels() const { return end - begin; }
};

// Of equally many channels.
using JoinedParts = std::vector<ValuePart>;

// What the search asks about nodes.
struct SumConditions {
  // Whether a sum may be one of them.
  std::function<bool(NodeId)> joins;
  // The maker writes channels apart.
  std::function<bool(const Node&)> made_per_channel;
  // The reader takes each channel by its own scale.
  std::function<bool(const Node&)> reads_per_channel;
};

// Groups of parts that sums join, where nothing that makes or reads them objects.
std::vector<JoinedParts> joined_by_sums(const Graph& graph, const SumConditions& conditions);

// `node`'s channels, read by Slices that share none of them and by nothing else.
bool read_by_disjoint_slices(const Graph& graph, NodeId node);

// Who reads a part: readers of the value, or of the Slice that is the part.
std::vector<NodeId> readers_of(const Graph& graph, const ValuePart& part);

}  // namespace tessera
