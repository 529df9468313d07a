// The semantics of tessera/compiler/encodings.h in plain loops, node by node, nothing cut: what
// every emulation must equal.
#pragma once

#include <span>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"

namespace tessera {

// Values of the outputs, dequantised where they are codes. `encodings` fit the graph
// (check_encodings()); `inputs` follow Graph::inputs().
std::vector<std::vector<float>> evaluate_in_integers(const Graph& graph, const Encodings& encodings,
                                                     std::span<const ConstValues> inputs);

}  // namespace tessera
