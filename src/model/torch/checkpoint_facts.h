// What an unpickled checkpoint tells about its network besides the weights.
#pragma once

#include "model/torch/checkpoint.h"
#include "model/torch/pickle_value.h"
#include "model/torch/state_dict_finder.h"

namespace tessera {

// Fills args, model_name, sample_rate and metadata from the dicts on the path to the state dict.
void collect_facts(const PickleDocument& document, const FoundStateDict& found,
                   Checkpoint& checkpoint);

}  // namespace tessera
