// Whole-sequence values that pass between the steps of a plan, in one arena by lifetime.
#pragma once

#include <map>
#include <vector>

#include "run/arena.h"
#include "tessera/backend.h"
#include "tessera/compiler/graph.h"

namespace tessera {

class ValueStore {
 public:
  // `first` and `last` step of each value, steps counted from 0.
  struct Life {
    NodeId value = kNoNode;
    int64_t first_step = 0;
    int64_t last_step = 0;
  };
  static Result<ValueStore> create(const Graph& graph, std::vector<Life> lives);

  // Gives the pages of a value that is dead back to the system.
  void trim(NodeId value);

  Values at(NodeId value) const;
  int64_t size_bytes() const { return arena_.size_bytes(); }

 private:
  Arena arena_;
  std::map<NodeId, Values> values_;
};

}  // namespace tessera
