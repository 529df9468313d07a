// What a network takes of a chip, whatever the chip's architecture.
#pragma once

#include <cstdint>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/target.h"

namespace tessera {

// Estimated seconds of one call: of the slowest layer where all layers work at once, of all
// operators where they follow each other.
double compute_seconds(const Graph& graph, const Target& target);

// Of its layers, 8 bit each.
int64_t weight_bytes_of(const Graph& graph);

}  // namespace tessera
