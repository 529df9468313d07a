// The blocks of a TCN, recognised by structure.
#pragma once

#include <vector>

#include "tessera/compiler/graph.h"

namespace tessera {

// Where a network's blocks join: the skip sum, or without skips the residual stream.
struct BlockChain {
  bool skips = false;
  NodeId root = kNoNode;  // the value after all blocks; kNoNode: no such chain
  // With skips: the skip value of each block, in order of depth. Without: the stream after each
  // block.
  std::vector<NodeId> values;
};

BlockChain find_blocks(const Graph& graph);

}  // namespace tessera
