// What an executable takes and gives: names and shapes of a graph's inputs and outputs, and the
// check that values handed over fit them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tessera/backend.h"
#include "tessera/graph.h"

namespace tessera {

struct Port {
  std::string name;
  Shape shape;
};

struct Signature {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

Signature signature_of(const Graph& graph);

// Errors: kInvalidArgument for a wrong count or size, naming the port. Allocates only for errors.
Result<void> check_values(const Signature& signature, std::span<const ConstValues> inputs,
                          std::span<const Values> outputs);

}  // namespace tessera
