// What the host gets because no segment can hold it, decided before and after a search.
#pragma once

#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

// Completes kept_by_host and padded_by_host of a recipe for `legal`: convolutions of a wide
// dilation that do not run in phases, padding that shifts phases against each other, and segments
// that would move data and compute nothing.
Result<void> settle_fallbacks(const Graph& legal, PlanRecipe& recipe);

// Adds to `recipe` the nodes of `plan` (made without channel blocks) that break a rule even in the
// narrowest tile. Those that blocks may remedy only where there are no others. False: there are
// none.
bool keep_what_no_cut_cures(const Plan& plan, const Target& target, PlanRecipe& recipe);

// A note for each reason, with the nodes it holds for.
std::vector<Note> notes_of(const PlanRecipe& recipe);

}  // namespace tessera
