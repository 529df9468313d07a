// The place of a node in a vector with an entry for each node of a graph.
#pragma once

#include <cstddef>

#include "tessera/compiler/graph.h"

namespace tessera {

constexpr size_t slot(NodeId id) {
  return static_cast<size_t>(index_of(id));
}

}  // namespace tessera
