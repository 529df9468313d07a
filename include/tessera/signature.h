// Signature: what a network takes and gives, and the checks that values handed over fit it.
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

// Checks counts and sizes before a run. Errors: kInvalidArgument naming the port. Allocates only
// for errors.
Result<void> check_values(const Signature& signature, std::span<const ConstValues> inputs,
                          std::span<const Values> outputs);
Result<void> check_input_values(const Signature& signature, std::span<const ConstValues> inputs);

}  // namespace tessera
