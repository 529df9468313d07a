// Zeros that the host lays around a value before the chip reads it.
#pragma once

#include <string>
#include <vector>

#include "tessera/compiler/graph.h"

namespace tessera {

// The name of the node that pads for a convolution.
std::string padding_name(const std::string& conv);

// `graph` with the zero padding along time of these convolutions as Pad nodes before them. Exact.
// Errors: kMismatch for a name that is no convolution of the graph.
Result<Graph> lay_padding_before(const Graph& graph, const std::vector<std::string>& convs);

}  // namespace tessera
