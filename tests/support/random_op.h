// Networks of one op each: every op of tessera/compiler/op.h with every attribute it has, over few
// elements. random_graph.h combines ops; this finds the op, and reaches attributes that networks
// rarely use.
#pragma once

#include <cstdint>

#include "tessera/compiler/graph.h"

namespace tessera::test {

// One op of alternative `seed % kOpKinds`, all else random: kind, shapes (rows of H too), kernels,
// strides, dilations, paddings and crops along both axes, groups, broadcasts, constants as
// operands. Operands of functions with a domain are brought into it by ops before this one. The
// stage is `rewriting`. The same seed gives the same network on every machine.
Graph random_op(uint32_t seed);

}  // namespace tessera::test
