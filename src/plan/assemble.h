// From decisions to a plan: places, divides and tiles a legal graph as a recipe says.
#pragma once

#include <functional>

#include "tessera/graph.h"
#include "tessera/plan.h"
#include "tessera/target.h"

namespace tessera {

// Fills tiling, pieces, calls, verdict and cost of one segment of `graph`.
using SegmentTiler = std::function<Result<void>(const Graph& graph, ChipSegment& segment)>;

// `recipe.segments` is written, not read.
Result<Plan> assemble_plan(const Graph& legal, const Target& target, PlanRecipe recipe,
                           const SegmentTiler& tile);

}  // namespace tessera
