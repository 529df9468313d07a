// Softmax across rows of one tile, frame by frame. Channels are `groups` runs of channels/groups.
//   over rows `step` apart: dst[r] = exp(x[r] - max) / sum, for the rows r, r+step, r+2*step, ...
// Over the channels of a group: step 1, count = channels/groups, one call per group.
// Over groups ("sources"): step = channels/groups, count = groups, one call per channel of a group.
#pragma once

#include <cstddef>

#include "kernels/simd/tile.h"

namespace tessera::simd {

struct SoftmaxArgs {
  const float* src = nullptr;  // first row
  float* dst = nullptr;        // first row; may be src
  size_t count = 0;            // rows that share a sum
  size_t step = 1;             // rows from one to the next
};

using SoftmaxKernel = void(const SoftmaxArgs&);
// The kernel for the instruction set in use.
SoftmaxKernel* softmax_kernel();

}  // namespace tessera::simd
