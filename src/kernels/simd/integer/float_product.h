// Matrix product in float with the bits of the plain loop over float64 accumulators:
//   dst[o][t] = bias[o] + weights[o][0]*panel[0][t] + weights[o][1]*panel[1][t] + ...  in that
//   order
// Products of floats are exact in float64, so that fused or not makes no difference. For the parts
// of a network that stay float beside integers.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/simd/tile.h"

namespace tessera::simd {

struct FloatProductBlocking {
  size_t frames = 0;  // of a panel
  size_t rows = 0;    // output channels at once

  constexpr size_t padded_out(size_t out) const { return (out + rows - 1) / rows * rows; }
};

// [out/R][in][R], missing rows as zeros.
std::vector<double> pack_float_weights(const FloatProductBlocking& blocking, const float* weights,
                                       size_t out, size_t in);

struct FloatProductArgs {
  const double* weights = nullptr;  // packed
  const double* bias = nullptr;     // [padded_out]
  const float* panel = nullptr;     // [in] rows of `stride`, all frames of a panel readable
  size_t stride = 0;
  size_t in = 0;
  size_t out = 0;
  size_t frames = 0;  // that exist
  float* dst = nullptr;
  size_t dst_stride = 0;
};
using FloatProductKernel = void(const FloatProductArgs&);

struct FloatProductKernels {
  FloatProductBlocking blocking;
  FloatProductKernel* product = nullptr;
};
// Of the instruction set in use.
FloatProductKernels float_product_kernels();

}  // namespace tessera::simd
