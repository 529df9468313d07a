// Networks that are met in checkpoints and not read, told by the class name that a file states or
// by layers that a convolutional network does not have.
#pragma once

#include <span>
#include <string_view>

#include "model/torch/checkpoint.h"
#include "tessera/result.h"

namespace tessera {

struct ForeignNetwork {
  std::string_view name;  // the class: "DPRNNTasNet"
  std::string_view what;  // "a dual-path recurrent network"
};
std::span<const ForeignNetwork> foreign_networks();

// Layers by a part of a tensor's name: "weight_ih_l0" is a recurrent one.
struct ForeignLayer {
  std::string_view part;
  std::string_view what;  // "a recurrent layer"
};
std::span<const ForeignLayer> foreign_layers();

// Error: kUnsupported naming the network, where the class that the checkpoint states is another one
// than a ConvTasNet. `read_as_convtasnet`: the user states that an unknown name is one all the
// same.
Result<void> refuse_foreign_name(const Checkpoint& checkpoint, bool read_as_convtasnet);

// Error: kUnsupported naming the tensor, where one below `prefix` belongs to a foreign layer.
Result<void> refuse_foreign_layers(const Checkpoint& checkpoint, std::string_view prefix);

}  // namespace tessera
