// From decisions to a plan: places, divides and tiles a legal graph as a recipe says.
#pragma once

#include <functional>

#include "plan/partition.h"
#include "plan/segments.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/target.h"

namespace tessera {

// Fills tiling, pieces, calls, verdict and cost of one segment of `graph`.
using SegmentTiler = std::function<Result<void>(const Graph& graph, ChipSegment& segment)>;

// The graph that a plan cuts: `legal` with the paddings and channel blocks that the recipe has.
// Errors: kMismatch for a padded convolution that `legal` has not; those of split_channel_blocks().
Result<Graph> planned_graph(const Graph& legal, const PlanRecipe& recipe);

// Its nodes placed and divided as the recipe says.
std::vector<Assignment> place_by(const PlanRecipe& recipe, const Graph& planned);
Division divide_by(const PlanRecipe& recipe, const Graph& planned,
                   const std::vector<Assignment>& places);

// `recipe.segments` is written, not read.
Result<Plan> assemble_plan(const Graph& legal, const Target& target, PlanRecipe recipe,
                           const SegmentTiler& tile);

}  // namespace tessera
