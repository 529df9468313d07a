// Small graphs as text, without what tests leave out of docs/graph_text.md.
#pragma once

#include <string_view>

#include "tessera/compiler/graph.h"

namespace tessera::test {

// The graph of these lines: nodes "%label = op(%operand, ...) field=value ... -> [c,h,w]", each
// named by its label; behind the shape what it computes of other values, as in the whole text; then
// outputs and weights. Aborts the test binary on any error.
Graph graph_of(std::string_view lines, GraphForm form = GraphForm::importing);

// The node of that name; aborts the test binary where there is none.
const Node& node_of(const Graph& graph, std::string_view name);

}  // namespace tessera::test
