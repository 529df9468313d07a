// A picture of a network: boxes coloured by kind, shapes on every box, equal blocks drawn once and
// counted, the skip path in a colour of its own.
#pragma once

#include <string>

#include "tessera/compiler/graph.h"

namespace tessera {

// A self-contained SVG document. `title` stands above the picture.
std::string draw_network(const Graph& graph, const std::string& title);

}  // namespace tessera
