// Inner values of a network, as one run of it shows them.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"
#include "tessera/result.h"
#include "tessera/session.h"

namespace tessera {

// The values of `nodes`, by node. Codes come out as the numbers they stand for.
Result<std::map<NodeId, std::vector<float>>> probe_values(const Graph& graph, Backend& backend,
                                                          const Encodings* encodings,
                                                          std::span<const NodeId> nodes,
                                                          std::span<const ConstValues> inputs);

// The same of `plan.graph`, its plan played on `devices`. `nodes` are visible_values() of it, one
// by one, or its outputs.
Result<std::map<NodeId, std::vector<float>>> probe_plan(const Plan& plan, const Devices& devices,
                                                        const Encodings* encodings,
                                                        std::span<const NodeId> nodes,
                                                        std::span<const ConstValues> inputs);

}  // namespace tessera
