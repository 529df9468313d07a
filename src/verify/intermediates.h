// A plan that also shows what stays inside its segments.
#pragma once

#include <functional>

#include "tessera/compiler/plan.h"

namespace tessera {

// The same plan, each segment also writing the inner values that `wanted` names, as far as they
// have the segment's length. Pieces are made anew; the weights of their convolutions are those of
// the plan's own pieces, right or wrong. A segment that cannot be cut this way stays as it is.
Plan expose_intermediates(const Plan& plan, const std::function<bool(NodeId)>& wanted);

}  // namespace tessera
