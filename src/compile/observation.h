// Looking at a network's values on windows.
#pragma once

#include <span>
#include <vector>

#include "tessera/graph.h"
#include "tessera/result.h"

namespace tessera {

// Errors: kUnsupported for several inputs; kInvalidArgument for no windows, one of another size,
// NaN in it, or nothing but silence.
Result<void> check_windows(const Graph& legal, std::span<const std::vector<float>> windows);

// The same graph with these nodes as its outputs, and without what none of them needs.
Result<Graph> tapped(const Graph& legal, std::span<const NodeId> nodes);

}  // namespace tessera
