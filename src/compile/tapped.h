// A graph whose values are to be looked at.
#pragma once

#include <span>

#include "tessera/graph.h"
#include "tessera/result.h"

namespace tessera {

// The same graph with these nodes as its outputs, and without what none of them needs.
Result<Graph> tapped(const Graph& legal, std::span<const NodeId> nodes);

}  // namespace tessera
