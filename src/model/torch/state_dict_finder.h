// Where in an unpickled checkpoint the weights and the facts about them are.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/torch/checkpoint.h"
#include "model/torch/pickle_value.h"
#include "tessera/result.h"

namespace tessera {

struct FoundStateDict {
  std::vector<std::pair<std::string, PickleId>> tensors;  // in the file's order, names unique
  std::vector<PickleId> path;        // dicts from the root to the state dict, both included
  std::vector<std::string> ignored;  // entries of the state dict that are no tensors
};

// Error: kInvalidModel when there is no dict with tensors.
Result<FoundStateDict> find_state_dict(const PickleDocument& document);

// Fills args, model_name, sample_rate and metadata from the dicts on the path.
void collect_facts(const PickleDocument& document, const FoundStateDict& found,
                   Checkpoint& checkpoint);

}  // namespace tessera
