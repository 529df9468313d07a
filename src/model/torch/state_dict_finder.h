// Where in an unpickled checkpoint the weights are.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/torch/pickle_value.h"
#include "tessera/result.h"

namespace tessera {

struct FoundStateDict {
  std::vector<std::pair<std::string, PickleId>> tensors;  // in the file's order, names unique
  std::vector<PickleId> path;        // dicts from the root to the state dict, both included
  std::vector<std::string> ignored;  // entries of the state dict that are no tensors
};

// Keys under which toolkits keep a state dict, in the order tried.
std::span<const std::string_view> state_dict_wrappers();

// Error: kInvalidModel when there is no dict with tensors.
Result<FoundStateDict> find_state_dict(const PickleDocument& document);

}  // namespace tessera
