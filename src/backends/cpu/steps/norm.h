// Norms in three parts: sums (taken by whoever makes the value, or StatisticsStep), what follows
// from them (the *NormStep below), and its application (RescaleStep, NormalizeStep, or folded into
// a depthwise convolution).
//
// What follows from the sums is either rows: for each frame, its mean and 1/sigma, as two rows of F
// floats; or a blob of numbers per channel.
#pragma once

#include "backends/cpu/steps/convolution.h"

namespace tessera::cpu {

struct StatisticsStep : Step {
  ValueId src = kNoValue;
  size_t channels = 0;
  StatisticsSlot statistics;
  void run(const TileContext& context) const override;
};

// gLN: serial. Writes rows, one pair per plane (all frames alike), or what x -> gain*x + offset
// needs to be the norm with its gamma and beta.
struct GlobalNormStep : Step {
  StatisticsSlot statistics;
  size_t planes = 1;
  size_t count = 0;  // values per plane
  double eps = 0;
  ValueId rows = kNoValue;   // blob [planes][2][F], or none
  ValueId gains = kNoValue;  // blob [planes][ gain C | offset C ], or none
  Tensor gamma, beta;
  void run(const TileContext& context) const override;
};

// fgLN: serial. Writes what x -> (x - center)*gain + offset needs.
struct FeatureNormStep : Step {
  StatisticsSlot statistics;
  size_t planes = 1;
  size_t count = 0;  // frames
  double eps = 0;
  ValueId channels = kNoValue;  // blob [planes][ center C | gain C | offset C ]
  Tensor gamma, beta;
  void run(const TileContext& context) const override;
};

// cLN: of the tile itself. Writes rows: a value of two channels.
struct FrameNormStep : Step {
  StatisticsSlot statistics;
  size_t count = 0;  // channels
  double eps = 0;
  ValueId rows = kNoValue;
  void run(const TileContext& context) const override;
};

// cgLN: serial, one walk along time. Writes rows: a value of two channels.
struct CumulativeNormStep : Step {
  StatisticsSlot statistics;
  Domain src_domain;
  size_t count = 0;  // channels
  double eps = 0;
  ValueId rows = kNoValue;
  void run(const TileContext& context) const override;
};

// Where an application finds its rows.
struct NormRows {
  ValueId value = kNoValue;
  bool per_tile = false;  // a value of two channels, else a blob of one pair per plane
  const float* center(const TileContext& context) const {
    if (value == kNoValue) return nullptr;
    return per_tile ? context.tile_of(value)
                    : context.blob(value) + context.plane * 2 * context.kernels.tile_frames;
  }
  const float* scale(const TileContext& context) const {
    const float* const row = center(context);
    return row == nullptr ? nullptr : row + context.kernels.tile_frames;
  }
};

// What NormStatistics hands to its readers: gamma*r and beta - center*mean*r for each channel, from
// rows or from a blob per channel whose gains are r.
struct NormCoefficientsStep : Step {
  NormRows rows;
  ValueId per_channel = kNoValue;  // blob [planes][ mean C | r C | 0 ]
  size_t source_channels = 0;
  Tensor gamma, beta, center;
  ValueId dst = kNoValue;
  void run(const TileContext& context) const override;
};

// Applies a norm behind the pointwise convolution that was taken first (kernels/simd/rescale.h).
struct RescaleStep : Step {
  ValueId src = kNoValue;
  ValueId dst = kNoValue;
  NormRows rows;
  size_t channels = 0;
  simd::AlignedBuffer u, v;
  Epilogue epilogue;
  size_t tiles = 0;
  size_t tile_frames = 0;
  void run(const TileContext& context) const override;
  bool take_statistics(simd::Statistics kind, ValueId sums) override;
};

// Applies a norm or affine to a value.
struct NormalizeStep : Step {
  ValueId src = kNoValue;
  ValueId dst = kNoValue;
  NormRows rows;
  size_t channels = 0;
  simd::AlignedBuffer gain, offset;  // per channel; or
  ValueId per_channel = kNoValue;    // blob [planes][ center C | gain C | offset C ]
  Epilogue epilogue;                 // no residual
  size_t tiles = 0;
  size_t tile_frames = 0;
  void run(const TileContext& context) const override;
  bool take_statistics(simd::Statistics kind, ValueId sums) override;
};

}  // namespace tessera::cpu
