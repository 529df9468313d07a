// Depthwise convolution along W with the affine of a preceding norm on the way in.
#pragma once

#include "backends/cpu/steps/convolution.h"

namespace tessera::cpu {

// What the kernel multiplies with, for each plane: a blob (when a norm's statistics enter) or
// fixed.
//   [planes][ taps C*k | shifts C*k | inner bias C ]
struct DepthwiseTables {
  size_t channels = 0;
  size_t taps = 0;
  size_t floats_per_plane() const { return channels * (2 * taps + 1); }
  // Folds x -> gain[c]*x + offset[c] into weights [C][k] and bias [C] (null: zero).
  void fold(const float* weights, const float* bias, const float* gain, const float* offset,
            float* tables) const;
};

struct DepthwiseStep : Step {
  DepthwiseTables tables;
  ValueId folded = kNoValue;  // blob of tables, or
  simd::AlignedBuffer fixed;  // tables of one plane, the same for all
  simd::AlignedBuffer bias;   // [C]
  ValueId src = kNoValue;
  ValueId dst = kNoValue;
  size_t src_frames = 0;
  size_t dilation = 1;
  ptrdiff_t pad_left = 0;
  simd::Border border = simd::Border::kZero;
  Epilogue epilogue;  // no residual
  size_t tiles = 0;
  size_t tile_frames = 0;
  void run(const TileContext& context) const override;
  bool take_statistics(simd::Statistics kind, ValueId sums) override;
};

// Serial: folds a norm's gains and offsets, as its statistics say, into the tables of a
// DepthwiseStep.
struct FoldDepthwiseStep : Step {
  DepthwiseTables tables;
  Tensor weights;
  simd::AlignedBuffer bias;
  ValueId gains = kNoValue;  // blob [planes][ gain C | offset C ]
  ValueId folded = kNoValue;
  size_t planes = 1;
  void run(const TileContext& context) const override;
};

}  // namespace tessera::cpu
