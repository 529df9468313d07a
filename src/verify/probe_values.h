// Inner values of a network, as one run of it shows them.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// The values of `nodes`, by node. Codes come out as the numbers they stand for.
Result<std::map<NodeId, std::vector<float>>> probe_values(const Graph& graph, Backend& backend,
                                                          const Encodings* encodings,
                                                          std::span<const NodeId> nodes,
                                                          std::span<const ConstValues> inputs);

}  // namespace tessera
