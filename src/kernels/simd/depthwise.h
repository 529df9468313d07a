// Depthwise convolution along time of one tile, with the affine of the preceding norm on the way in
// and PReLU and the next norm's statistics on the way out.
//
//   x[c][f]   = scale[c] * src[c][f] + shift[c]   inside the sequence, as `border` says outside
//   dst[c][t] = act( bias[c] + sum_j weights[c][j] * x[c][t - pad_left + j * dilation] )
//
// The padding comes after the affine: beyond the sequence lies 0, not shift[c]. The caller folds
// the affine into the taps (DepthwiseTables::fold), so that the kernel multiplies raw values:
//   taps[c][j] = weights[c][j] * scale[c],  shifts[c][j] = weights[c][j] * shift[c].
// At most one vector of a tap straddles two tiles: two loads and a blend. Only tiles within the
// receptive field of a sequence end look at the padding.
#pragma once

#include <cstddef>

#include "kernels/simd/tile.h"

namespace tessera::simd {

// More taps than this go through the general convolution.
inline constexpr size_t kMaxDepthwiseTaps = 32;

struct DepthwiseArgs {
  const float* src = nullptr;  // the whole sequence: [tiles][channels][F]
  float* dst = nullptr;        // one tile: [channels][F]
  size_t channels = 0;         // of dst
  size_t src_channels = 0;     // of the tensor that src points into (>= channels)
  size_t src_frames = 0;       // length of the sequence
  size_t tile = 0;             // index of the tile of dst
  size_t taps_per_channel = 0;
  size_t dilation = 1;
  ptrdiff_t pad_left = 0;
  Border border = Border::kZero;
  const float* taps = nullptr;        // [channels][taps_per_channel]
  const float* shifts = nullptr;      // the same shape, or null: no shift
  const float* bias = nullptr;        // [channels], or null
  const float* inner_bias = nullptr;  // [channels]: bias plus the sum of shifts, or null: as bias
  Activation activation = Activation::kNone;
  const float* slopes = nullptr;  // [channels], for kPrelu
  Statistics statistics = Statistics::kNone;
  size_t valid_frames = 0;  // of the tile of dst
  Sums sums = {};
};

using DepthwiseKernel = void(const DepthwiseArgs&);
// The kernel for the instruction set in use.
DepthwiseKernel* depthwise_kernel();

}  // namespace tessera::simd
