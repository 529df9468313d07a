// Pointwise (1x1) convolution of one tile: a matrix product whose panel is the tile itself.
//
//   dst[o][t] = act( start[o][t] + sum_i weights[o][i] * src[i][t] )
//
// The microkernel keeps R output channels x 3 vectors in registers (R = 8 with 32 registers, else
// 4), reads each weight once as a broadcast, and finishes the values before they are stored: the
// epilogue applies the PReLU and takes the sums that the next norm needs. The sum over input
// channels runs in blocks whose panel stays in the first-level cache; between blocks the partial
// sums rest in dst.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/simd/tile.h"

namespace tessera::simd {

// How a product is cut; both sides of the packing must agree.
struct PointwiseBlocking {
  size_t rows = 0;         // R: output channels per block
  size_t in_channels = 0;  // input channels per block, at most; a multiple of kUnroll

  // Channels that the microkernel takes together.
  static constexpr size_t kUnroll = 4;

  // Input channels of each block but the last for a product of `in` of them.
  constexpr size_t in_step(size_t in) const {
    const size_t blocks = (in + in_channels - 1) / in_channels;
    return blocks == 0 ? kUnroll : (in + blocks * kUnroll - 1) / (blocks * kUnroll) * kUnroll;
  }
  constexpr size_t padded(size_t out) const { return (out + rows - 1) / rows * rows; }
};

// Writes weights [out][in] in the order in which the kernel reads them:
// [input block][output block][input channel][R], missing rows as zeros.
// `gain` [in], where given, scales the input channels. `packed` holds padded(out) * in floats.
void pack_pointwise(const PointwiseBlocking& blocking, const float* weights, const float* gain,
                    size_t out, size_t in, float* packed);

// A run of memory.
struct Ahead {
  const float* data = nullptr;
  size_t floats = 0;
};

struct PointwiseArgs {
  const float* weights = nullptr;   // packed by pack_pointwise
  const float* bias = nullptr;      // [out rounded up to R], or null: zero
  const float* residual = nullptr;  // [out][F] added before the activation, or null; may be dst
  const float* src = nullptr;       // [in][F]
  float* dst = nullptr;             // [out][F]
  size_t in = 0;
  size_t in_step = 0;  // of the packing: PointwiseBlocking::in_step(in)
  size_t out = 0;
  Activation activation = Activation::kNone;
  const float* slopes = nullptr;  // [out rounded up to R], for kPrelu
  Statistics statistics = Statistics::kNone;
  size_t valid_frames = 0;  // frames of this tile that exist; only they enter the statistics
  Sums sums = {};
  // What the caller will read after this, fetched into the second-level cache meanwhile.
  std::span<const Ahead> ahead = {};
};

using PointwiseKernel = void(const PointwiseArgs&);
// The kernel for the instruction set in use.
PointwiseKernel* pointwise_kernel();

}  // namespace tessera::simd
