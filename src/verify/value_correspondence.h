// Which value of the imported network a value of the plan is. Known from names, which rewriting and
// channel blocks keep with a value, and from what each rule makes of a node; never from the
// numbers.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "tessera/compiler/graph.h"

namespace tessera {

// `ops` applied one after the other, the first to all of `sources`; without ops the one source.
struct Counterpart {
  std::vector<NodeId> sources;  // of the imported graph
  std::vector<Op> ops;
  std::string how;  // in words; empty for the value itself
  // The convolution among `ops` is a change of basis: where it takes small differences of large
  // channels, it takes their rounding too.
  bool changes_basis = false;
};
struct NoCounterpart {
  std::string reason;
};
using Correspondence = std::variant<Counterpart, NoCounterpart>;

// For every node of the plan's graph that computes something.
std::map<NodeId, Correspondence> match_values(const Graph& imported, const Graph& planned);

}  // namespace tessera
