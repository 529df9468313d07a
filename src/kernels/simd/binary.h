// Two operands, element by element, for one tile; either may be broadcast over channels or frames.
//   dst[c][t] = act( a[c][t] op b[c][t] )
#pragma once

#include <cstddef>

#include "kernels/simd/tile.h"

namespace tessera::simd {

enum class BinaryOp : uint8_t { kAdd, kSub, kMul, kDiv, kMax, kMin, kPow };

struct BinaryArgs {
  BinaryOp op = BinaryOp::kAdd;
  const float* a = nullptr;
  const float* b = nullptr;
  size_t a_step = 0;  // floats from one channel's row to the next: F, or 0 for one row for all
  size_t b_step = 0;
  bool a_one_frame = false;  // a row's first value stands for all its frames
  bool b_one_frame = false;
  float* dst = nullptr;  // [channels][F]; may be a or b
  size_t channels = 0;
  Activation activation = Activation::kNone;
  const float* slopes = nullptr;  // [channels], for kPrelu
  Statistics statistics = Statistics::kNone;
  size_t valid_frames = 0;
  Sums sums = {};
};

using BinaryKernel = void(const BinaryArgs&);
// The kernel for the instruction set in use.
BinaryKernel* binary_kernel();

}  // namespace tessera::simd
