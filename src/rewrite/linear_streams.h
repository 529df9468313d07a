// Residual streams that stay linear from end to end.
#pragma once

#include <string>
#include <vector>

#include "graph/joined_sums.h"
#include "tessera/compiler/graph.h"

namespace tessera {

// Values that sums join, each made by a convolution over all channels or by a sum, and read by such
// convolutions and sums alone. Any basis of their channels will do: with M(x) in place of x
// everywhere, convolutions that make them take M into their rows and those that read them its
// inverse into their columns, and no output changes.
struct LinearStream {
  std::string name;   // of the first value, in graph order
  JoinedParts parts;  // in graph order

  int64_t channels() const { return parts.front().channels(); }
};

// Of a legal graph, in graph order.
std::vector<LinearStream> linear_streams(const Graph& graph);

// The name of a part: its Slice's, where it is not the whole of its node.
const std::string& name_of(const Graph& graph, const ValuePart& part);

}  // namespace tessera
