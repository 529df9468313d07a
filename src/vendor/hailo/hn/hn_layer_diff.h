// One layer of an HN against the nodes of ours that became it.
#pragma once

#include <vector>

#include "vendor/hailo/hn/hn_diff.h"

namespace tessera {

// `nodes`: not empty, operands before their users. Fills `match`. Errors: of the weights' file.
Result<void> compare_layer(const Graph& ours, const std::vector<NodeId>& nodes,
                           const HnLayer& layer, const HnWeights* weights, HnMatch& match);

}  // namespace tessera
