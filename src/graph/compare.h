// Are two graphs the same network? Same ops in the same order with the same attributes and
// operands; weights within a tolerance; names and origins do not matter.
#pragma once

#include <string>

#include "tessera/compiler/graph.h"

namespace tessera {

struct GraphDifference {
  bool same = true;
  std::string text;                  // first difference, or empty
  double max_weight_difference = 0;  // largest |a - b| over all weights compared
};

// Compares canonical_order() of both. `weight_tolerance` bounds |a - b| per weight element; eps and
// other real attributes are compared to 1e-6 relative or 1e-7 absolute. NaN equals NaN. Weights are
// compared up to the first structural difference, so that max_weight_difference covers the whole
// network whenever the structure agrees.
GraphDifference compare_graphs(const Graph& a, const Graph& b, double weight_tolerance);

}  // namespace tessera
