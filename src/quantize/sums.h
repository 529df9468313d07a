// Values that additions join. An addition needs its operands' codes in one measure, channel by
// channel: so the channels of all values that additions join may have scales of their own, if their
// proportions are the same in all of them. That is cross-layer equalisation, exact and free: the
// proportions go into the rows of the convolutions that make the values and the columns of those
// that read them.
#pragma once

#include <functional>
#include <vector>

#include "tessera/graph.h"

namespace tessera::quantization {

// Channels of an encoded value.
struct ValuePart {
  NodeId node = kNoNode;
  int64_t begin = 0;
  int64_t end = 0;

  int64_t channels() const { return end - begin; }
};

// Of equal channels; each part has a step of its own.
using JoinedParts = std::vector<ValuePart>;

// What the search asks about nodes.
struct SumConditions {
  std::function<bool(NodeId)> on_chip;
  // The maker writes channels apart.
  std::function<bool(const Node&)> made_per_channel;
  // The reader takes each channel by its own scale.
  std::function<bool(const Node&)> reads_per_channel;
};

// Groups of parts that additions on the chip join, where nothing that makes or reads them objects.
std::vector<JoinedParts> joined_by_sums(const Graph& graph, const SumConditions& conditions);

// `node`'s channels, read by Slices that share none of them and by nothing else.
bool read_by_disjoint_slices(const Graph& graph, NodeId node);

}  // namespace tessera::quantization
