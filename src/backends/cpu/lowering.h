// Graph -> Program: which kernel does which nodes, and what is fused into what.
//
// Fusions, all exact:
//  - relu and prelu go into the epilogue of whatever makes their operand;
//  - an addition goes into the convolution that makes one of its operands;
//  - a Pad along W goes into the convolution that reads it;
//  - an Affine or batch norm goes into the weights of the convolutions that read it;
//  - a global, channel-wise or cumulative norm read by pointwise convolutions is applied after
//  them,
//    so that they need not wait for its statistics (kernels/simd/rescale.h), and those convolutions
//    become one product;
//  - a global norm read by depthwise convolutions goes into their taps;
//  - statistics of norms are taken by the step that makes their operand.
#pragma once

#include <utility>
#include <vector>

#include "backends/cpu/program.h"
#include "tessera/backend.h"

namespace tessera::cpu {

struct Lowered {
  Program program;
  Signature signature;
  std::vector<std::pair<ValueId, Tensor>> constants;  // values to fill at load time
};

// Errors: kResourceLimit when memory for weights cannot be had.
Result<Lowered> lower(const Graph& graph, const simd::Kernels& kernels);

}  // namespace tessera::cpu
