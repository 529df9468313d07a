// The sums a norm needs, of a tile that its producer could not take on the way out.
#pragma once

#include <cstddef>

#include "kernels/simd/tile.h"

namespace tessera::simd {

struct StatisticsArgs {
  const float* src = nullptr;  // [channels][F]
  size_t channels = 0;
  Statistics statistics = Statistics::kTotal;
  size_t valid_frames = 0;
  Sums sums = {};
};

using StatisticsKernel = void(const StatisticsArgs&);
// The kernel for the instruction set in use.
StatisticsKernel* statistics_kernel();

}  // namespace tessera::simd
