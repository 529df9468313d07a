// Canonical form: the last step of every import, so that one network read from any file is one
// graph.
#pragma once

#include "tessera/compiler/graph.h"

namespace tessera {

// Rebuilds `graph` with dead nodes removed, operands of Add and Mul ordered (smaller depth first),
// and nodes numbered in depth-first post-order from the outputs, operands in order, inputs first.
// Depth is the longest path from an input; a value that depends on no input comes before all.
// Values are unchanged (float addition and multiplication commute). Names, origins and the stage
// stay. Errors: kInvalidModel if verify() finds the graph broken.
Result<Graph> canonical_order(const Graph& graph);

}  // namespace tessera
