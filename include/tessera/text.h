// The text form of a graph: readable, diffable, and exact. docs/graph_text.md describes the format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tessera/graph.h"
#include "tessera/result.h"

namespace tessera {

struct GraphTextOptions {
  bool weights = true;  // false: for reading only, names and dimensions stay but not the values
};

// One line per node in Graph::order(), then the weights. The same graph gives the same bytes.
std::string print_graph(const Graph& graph, const GraphTextOptions& options = {});

// What a text may ask for; guards against small files that expand.
struct GraphTextLimits {
  int64_t nodes = 1'000'000;
  int64_t weight_values = int64_t{1} << 28;  // of all weights together: 1 GiB
};

// The graph that print_graph() was given: same nodes, names, origins, stage and outputs, weights
// equal bit for bit and shared where they were shared. Ids become positions in the text. For
// untrusted text. Errors, with "subject:line:column" as their subject: kCorrupt for what breaks the
// format; kUnsupported for another version; kInvalidModel for a graph that does not infer;
// kResourceLimit.
Result<Graph> parse_graph(std::string_view text, std::string_view subject = "graph text",
                          const GraphTextLimits& limits = {});

}  // namespace tessera
