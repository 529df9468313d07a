// Which values a stitched run of a plan shows.
#pragma once

#include <vector>

#include "tessera/compiler/plan.h"
#include "tessera/result.h"
#include "tessera/session.h"

namespace tessera {

// Nodes of plan.graph, in the order in which StitchedExecutable::observe() sees their values.
// Errors: those of make_host_group().
Result<std::vector<NodeId>> visible_values(const Plan& plan, HostSteps host_steps);

}  // namespace tessera
