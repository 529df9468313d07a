// Random graphs dense in what rules look for.
#pragma once

#include "support/random_values.h"

namespace tessera::test {

// A random graph of about `size` pieces: sums of pointwise convolutions, residual blocks, affines
// and norms beside convolutions, grouped, dilated, strided and transposed ones, slices, pads and
// concats; H of 1 or 2; one to three outputs.
Graph pattern_graph(uint32_t seed, int size);

}  // namespace tessera::test
