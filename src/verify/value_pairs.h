// Which value of one network is which of another.
#pragma once

#include <string>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/verify.h"

namespace tessera {

// A value that both have: on the side that keeps more of the network as its author wrote it, `ops`
// applied to `sources` (see Counterpart); on the other, `node`.
struct ValuePair {
  std::vector<NodeId> sources;
  std::vector<Op> ops;
  std::string how;
  NodeId node = kNoNode;
};

struct ValuePairs {
  bool swapped = false;  // sources are of b, nodes of a
  std::string matched_by;
  std::vector<ValuePair> pairs;  // in the order of the graph that `node` is of
  std::vector<NotCompared> a_only;
  std::vector<NotCompared> b_only;
};

ValuePairs pair_values(const Graph& a, const Graph& b);

}  // namespace tessera
