// The constructor's arguments that a checkpoint holds beside its weights.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "model/torch/checkpoint.h"
#include "model/torch/pickle_value.h"

namespace tessera {

// Where toolkits keep them, for the documentation.
struct ArgumentPlace {
  std::string_view key;   // "model_args"
  std::string_view what;  // who writes it and what is read
};
std::span<const ArgumentPlace> argument_places();

// Fills args, has_args and sample_rate of `checkpoint` from one of the dicts around the state dict,
// under the arguments' common names. Dicts that are nothing else than arguments are added to
// `used`.
void collect_arguments(const PickleDocument& document, const PickleDict& dict,
                       Checkpoint& checkpoint, std::vector<PickleId>& used);

}  // namespace tessera
