// A norm or per-channel affine applied to one tile:
//   dst[c][t] = act( (src[c][t] - frame_center[t]) * frame_scale[t] * gain[c] + offset[c] )  or
//   dst[c][t] = act( (src[c][t] - center[c]) * gain[c] + offset[c] )
// The mean is taken off first, so that values close to it keep their digits.
#pragma once

#include <cstddef>

#include "kernels/simd/tile.h"

namespace tessera::simd {

struct NormalizeArgs {
  const float* src = nullptr;  // [channels][F]
  float* dst = nullptr;        // [channels][F]; may be src
  size_t channels = 0;
  const float* frame_center = nullptr;  // [F], or null together with frame_scale
  const float* frame_scale = nullptr;   // [F]
  const float* center = nullptr;        // [channels], or null: zero
  const float* gain = nullptr;          // [channels]
  const float* offset = nullptr;        // [channels]
  Activation activation = Activation::kNone;
  const float* slopes = nullptr;  // [channels], for kPrelu
  Statistics statistics = Statistics::kNone;
  size_t valid_frames = 0;
  Sums sums = {};
};

using NormalizeKernel = void(const NormalizeArgs&);
// The kernel for the instruction set in use.
NormalizeKernel* normalize_kernel();

}  // namespace tessera::simd
