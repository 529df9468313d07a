// What a network computes in integers, by the plain loops of kernels/ref: the measure of the
// emulator, which must give the same bits.
#pragma once

#include <vector>

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"

namespace tessera::test {

// The outputs of `graph` as its encodings say.
std::vector<std::vector<float>> run_in_integers(const Graph& graph, const Encodings& encodings,
                                                const std::vector<std::vector<float>>& inputs);

// Encodings of random values and convolutions of a graph, of every kind: 8 and 16 bits, one scale
// or one per channel, zero points at both ends, scales that fit the values and scales that saturate
// them.
Encodings random_encodings(const Graph& graph, uint32_t seed);

}  // namespace tessera::test
