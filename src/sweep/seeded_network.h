// Networks described by data: kinds of modules with seeded weights, each the graph that somebody's
// export of such a module gives, operator for operator.
#pragma once

#include "sweep/parameters.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// Defaults: 256 filters of 16 taps with stride 8 and 8 zeros at each end, bottleneck and skip 128,
// hidden 256, one block, 2 sources, 16 000 samples (2 000 frames where there is no encoder).
// Errors: kInvalidArgument for parameters that contradict each other (the subject is the
// parameter); kResourceLimit for more than 2^27 weights.
Result<Graph> seeded_network(const Parameters& parameters);

}  // namespace tessera
