// Functions of single values, of pairs, and softmax across channels.
#pragma once

#include "backends/cpu/steps/convolution.h"

namespace tessera::cpu {

struct UnaryStep : Step {
  simd::UnaryOp op = simd::UnaryOp::kRelu;
  ValueId src = kNoValue;
  ValueId dst = kNoValue;
  size_t channels = 0;
  simd::AlignedBuffer slopes;
  float alpha = 0;
  float beta = 0;
  void run(const TileContext& context) const override;
};

// One operand of a BinaryStep; axes of size 1 are broadcast.
struct BinaryOperand {
  ValueId value = kNoValue;
  bool one_channel = false;
  bool one_frame = false;
  bool one_plane = false;
};

struct BinaryStep : Step {
  simd::BinaryOp op = simd::BinaryOp::kAdd;
  BinaryOperand a, b;
  ValueId dst = kNoValue;
  size_t channels = 0;
  Epilogue epilogue;  // no residual
  size_t tiles = 0;
  size_t tile_frames = 0;
  void run(const TileContext& context) const override;
  bool take_statistics(simd::Statistics kind, ValueId sums) override;
};

// Over channels within each of `groups` runs of channels, or over the runs for each channel.
struct SoftmaxStep : Step {
  ValueId src = kNoValue;
  ValueId dst = kNoValue;
  size_t channels = 0;
  size_t groups = 1;
  bool over_groups = false;
  void run(const TileContext& context) const override;
};

}  // namespace tessera::cpu
