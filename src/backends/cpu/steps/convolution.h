// Convolutions as matrix products: pointwise ones on the tile itself, all others on a window that
// gathers the frames each tap needs.
#pragma once

#include "backends/cpu/program.h"
#include "backends/cpu/statistics_slot.h"
#include "kernels/simd/aligned_buffer.h"

namespace tessera::cpu {

// What happens to a convolution's result on the way out.
struct Epilogue {
  ValueId residual = kNoValue;  // added
  simd::Activation activation = simd::Activation::kNone;
  simd::AlignedBuffer slopes;  // per channel, for kPrelu
  StatisticsSlot statistics;

  bool take(simd::Statistics kind, ValueId blob, size_t channels, size_t tiles,
            size_t tile_frames) {
    if (statistics.kind != simd::Statistics::kNone) return false;
    statistics = {kind, blob, StatisticsSlot::length_of(kind, channels, tile_frames), tiles};
    return true;
  }
};

struct PackedWeights {
  simd::AlignedBuffer weights;  // pack_pointwise
  simd::AlignedBuffer bias;     // padded to whole blocks; empty: none
  size_t out = 0;
  size_t in = 0;
  size_t in_step = 0;  // PointwiseBlocking::in_step(in)
};

// `weights` row-major [out][in]; `gain` [in] and `bias` [out] may be null.
PackedWeights pack(const simd::Kernels& kernels, const float* weights, const float* gain,
                   const float* bias, size_t out, size_t in);

struct PointwiseStep : Step {
  PackedWeights packed;
  ValueId src = kNoValue;
  ValueId dst = kNoValue;
  Epilogue epilogue;
  size_t tiles = 0;
  size_t tile_frames = 0;
  void run(const TileContext& context) const override;
  bool take_statistics(simd::Statistics kind, ValueId sums) override;
  size_t work() const override { return packed.in * packed.out * tile_frames; }
};

// Any kernel, stride, dilation, padding and grouping.
struct ConvStep : Step {
  std::vector<PackedWeights> packed;  // one per group; in = channels of the group * taps
  ValueId src = kNoValue;
  ValueId dst = kNoValue;
  ValueId window = kNoValue;  // scratch: [in][F] of the largest group
  Domain src_domain;
  size_t kernel_h = 1, kernel_w = 1;
  size_t stride_h = 1, stride_w = 1;
  size_t dilation_h = 1, dilation_w = 1;
  ptrdiff_t pad_top = 0, pad_left = 0;
  simd::Border border = simd::Border::kZero;  // along W
  Epilogue epilogue;
  size_t tiles = 0;
  size_t tile_frames = 0;
  void run(const TileContext& context) const override;
  bool take_statistics(simd::Statistics kind, ValueId sums) override;
  size_t work() const override;

 private:
  // Fills window rows (channel, kh, kw) for `channels` channels from `first` on.
  void gather(const TileContext& context, size_t first, size_t channels, float* rows) const;
};

}  // namespace tessera::cpu
