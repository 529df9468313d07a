// Looking at a network's values on windows.
#pragma once

#include <span>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// Each window holds the values of all inputs, one input after the other. Errors: kInvalidArgument
// for no windows, one of another size, NaN in it, or nothing but silence.
Result<void> check_windows(const Graph& legal, std::span<const std::vector<float>> windows);

// Of a window: the values of each input.
std::vector<ConstValues> inputs_of(const Graph& graph, std::span<const float> window);

// The same graph with these nodes as its outputs, and without what none of them needs.
Result<Graph> tapped(const Graph& legal, std::span<const NodeId> nodes);

}  // namespace tessera
