// Measures: what a node has that a constraint asks about. Predicates live here, limits in the
// target file.
#pragma once

#include <optional>
#include <string>

#include "target/ledger.h"
#include "target/memory_ledger.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/target.h"

namespace tessera {

// Everything a measure may look at.
struct CheckSubject {
  const Graph& graph;
  const Target& target;
  const CheckOptions& options;
  // Of a target of clusters, and of a sequential one.
  const std::optional<Ledger>& ledger;
  const std::optional<MemoryLedger>& memory;
};

// A number for a Limit or a word for a Support, and where the node has it.
struct Measurement {
  int64_t number = 0;
  std::string word;
  std::string where;                  // "its input of [512,1,1999]"
  std::string remedy;                 // instead of the constraint's own
  std::optional<int64_t> estimate{};  // ledger rules: `number` is what is needed at least
};

// nullopt: the constraint has nothing to say about this node.
using Measure = std::optional<Measurement> (*)(const CheckSubject& subject, const Node& node);
// Parallel to constraints().
std::span<const Measure> measures();

// channels x width of one row: the widest over the node's operands and result.
Measurement widest_row(const Graph& graph, const Node& node);

}  // namespace tessera
