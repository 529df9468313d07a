// Weights of seeded networks: each layer's come from the seed and its name alone, so that a part of
// a layer has the same ones wherever it stands.
#pragma once

#include <cstdint>
#include <string_view>

#include "tessera/compiler/tensor.h"

namespace tessera {

enum class WeightForm : uint8_t {
  random,    // uniform, of a size that keeps the variance
  identity,  // [out, in]: out and in repeat, so that 256 -> 512 is two identities, stacked
  average,   // each output is the mean of its share of the inputs
};

// [out, in_of_group, 1, kernel]; identity and average have a kernel of 1. `groups` as Conv has it.
Tensor seeded_weight(WeightForm form, int64_t out, int64_t in, int64_t kernel, int64_t groups,
                     int64_t seed, std::string_view name);
// [out], small.
Tensor seeded_bias(int64_t out, int64_t seed, std::string_view name);
// [channels, 1, 1, 1]: near 1, what stands for a norm's gamma.
Tensor seeded_scale(int64_t channels, int64_t seed, std::string_view name);

// Outputs [first_out, first_out + outs) and inputs [first_in, first_in + ins) of a weight.
Tensor block_of(const Tensor& weight, int64_t first_out, int64_t outs, int64_t first_in,
                int64_t ins);

}  // namespace tessera
