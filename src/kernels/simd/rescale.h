// The norm that a pointwise convolution was taken out from under, applied after it.
//
// With x the input, m_t the mean and s_t = 1/sigma of frame t (the same for all t in gLN):
//   W (gamma * (x_t - m_t) * s_t + beta) + bias = s_t ((W gamma) x_t - m_t u) + v,
//   u = W gamma (summed over input channels),  v = W beta + bias.
// So the product with W gamma need not wait for the statistics, and the norm costs one pass over
// the (fewer) output channels:
//   dst[c][t] = act( residual[c][t] + (src[c][t] - center[t] * u[c]) * scale[t] + v[c] )
#pragma once

#include <cstddef>

#include "kernels/simd/tile.h"

namespace tessera::simd {

struct RescaleArgs {
  const float* src = nullptr;       // [channels][F]
  const float* residual = nullptr;  // [channels][F], or null; may be dst
  float* dst = nullptr;             // [channels][F]; may be src
  size_t channels = 0;
  const float* center = nullptr;  // [F]
  const float* scale = nullptr;   // [F]
  const float* u = nullptr;       // [channels]
  const float* v = nullptr;       // [channels]
  Activation activation = Activation::kNone;
  const float* slopes = nullptr;  // [channels]
  Statistics statistics = Statistics::kNone;
  size_t valid_frames = 0;
  Sums sums = {};
};

using RescaleKernel = void(const RescaleArgs&);
// The kernel for the instruction set in use.
RescaleKernel* rescale_kernel();

}  // namespace tessera::simd
