// Weight normalisation (Salimans, Kingma, 2016): w = g * v / |v|, folded into plain weights.
#pragma once

#include <cstdint>
#include <string>

#include "model/torch/state_view.h"
#include "tessera/compiler/tensor.h"
#include "tessera/result.h"

namespace tessera {

// The suffixes under which a layer's weight may be stored: plain, torch.nn.utils.weight_norm,
// torch.nn.utils.parametrizations.weight_norm.
struct WeightNames {
  std::string_view direction;  // v, or the weight itself
  std::string_view magnitude;  // g; empty: the weight is plain
};
std::span<const WeightNames> weight_names();

// The tensor that tells the weight's dimensions (v, or the weight itself); null: there is none.
const NamedTensor* find_weight(const StateView& state, const std::string& key);

// `key`'s weight with these dimensions, folded where it is normalised: |v| over all dimensions but
// the first, as PyTorch's dim=0. Errors: kInvalidModel for other shapes, for a v of length 0;
// kUnsupported where g is not one number for each output.
Result<Tensor> take_weight(StateView& state, const std::string& key);

}  // namespace tessera
