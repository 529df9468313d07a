// Placement on a chip that runs one operator after another: every piece is a sequence of operators
// that share the memory.
#pragma once

#include "tessera/compiler/chip_placement.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

// Errors: kUnsupported naming the operator whose values the memory cannot hold.
Result<ChipPlacement> place_operators(const Plan& plan, const Target& target);

}  // namespace tessera
