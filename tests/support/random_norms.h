// Networks of many norms: what an exporter computes for one norm must not reach another.
#pragma once

#include <cstdint>

#include "tessera/compiler/graph.h"

namespace tessera::test {

// Norms of every kind at different widths and lengths, some of equal width, between convolutions
// (pointwise, strided, depthwise, transposed); one to three inputs and as many outputs. Cumulative
// norms are the likeliest. Weights are now and then shared. The stage is `imported`, or `rewriting`
// where a norm is written as statistics and scale-shift (`split`). The same seed gives the same
// network on every machine.
Graph random_norms(uint32_t seed, bool split = false);

}  // namespace tessera::test
