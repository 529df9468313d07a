// Steps that only move values: joining, cutting, padding, and the second half of a transposed
// convolution.
#pragma once

#include "backends/cpu/program.h"
#include "kernels/simd/aligned_buffer.h"

namespace tessera::cpu {

// dst's channels are the sources' channels, one run after another, each picked with a step.
struct ChannelStep : Step {
  struct Part {
    ValueId src = kNoValue;
    size_t first = 0;
    size_t step = 1;
    size_t count = 0;
  };
  std::vector<Part> parts;
  ValueId dst = kNoValue;
  void run(const TileContext& context) const override;
};

// Joins, cuts and pads along H and W:
//   dst[c][h][t] = part.src[c][h0 + dh*(h - part.h)][t0 + dt*(t - part.t)]
// in the part whose box [h, h + h_count) x [t, t + t_count) holds (h, t); zero where there is none.
struct WindowStep : Step {
  struct Part {
    ValueId src = kNoValue;
    Domain src_domain;
    ptrdiff_t h = 0, t = 0;           // where the box begins in dst
    size_t h_count = 0, t_count = 0;  // its size
    ptrdiff_t h0 = 0, t0 = 0;         // source of its first element
    size_t dh = 1, dt = 1;
    simd::Border border = simd::Border::kZero;  // what lies outside the source
  };
  std::vector<Part> parts;
  ValueId dst = kNoValue;
  size_t channels = 0;
  void run(const TileContext& context) const override;
};

// The sum that ends a transposed convolution: src has, for each output channel and tap, the product
// with every input frame.
//   dst[o][h][t] = bias[o] + sum over (kh, kw) with h = ih*stride_h + kh*dilation_h - crop_top, t
//   alike,
//                  of src[(o*kernel_h + kh)*kernel_w + kw][ih][it]
struct OverlapAddStep : Step {
  ValueId src = kNoValue;
  ValueId dst = kNoValue;
  Domain src_domain;
  size_t channels = 0;
  size_t kernel_h = 1, kernel_w = 1;
  size_t stride_h = 1, stride_w = 1;
  size_t dilation_h = 1, dilation_w = 1;
  ptrdiff_t crop_top = 0, crop_left = 0;
  simd::AlignedBuffer bias;  // [channels] or empty
  void run(const TileContext& context) const override;
};

}  // namespace tessera::cpu
