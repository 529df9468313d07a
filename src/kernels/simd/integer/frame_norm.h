// Norms over the channels of each frame, of codes: sums, mean and deviation with the bits of the
// plain loops over float64, many frames at once.
#pragma once

#include <cstddef>

#include "kernels/simd/integer/rows.h"

namespace tessera::simd {

// first[i] += x and second[i] += x*x, x being the number that src[i] stands for, in float64.
struct FrameMomentsArgs {
  const void* src = nullptr;
  Format format = Format::kCode8;
  CodeScale codes = {};
  size_t count = 0;
  double* first = nullptr;
  double* second = nullptr;
};

// What a norm takes from each frame.
struct FrameNormals {
  const double* mean = nullptr;
  const double* r = nullptr;      // 1 / sqrt(variance + eps)
  const float* near_r = nullptr;  // r and mean * r in float32
  const float* near_mean_r = nullptr;
};
// From the sums of `terms` numbers of each frame, the quotients in twice double precision.
struct FrameNormalsArgs {
  const double* first = nullptr;
  const double* second = nullptr;
  double terms = 1;
  double eps = 0;
  size_t count = 0;
  double* mean = nullptr;
  double* r = nullptr;
  float* near_r = nullptr;
  float* near_mean_r = nullptr;
};

// What a norm does to a channel: a = gamma * r and b = beta - center * mean * r.
struct ChannelNorm {
  float gamma = 1;
  float beta = 0;
  float center = 0;
};
// a and b of a channel, of every frame.
struct FrameCoefficientsArgs {
  ChannelNorm channel;
  FrameNormals normals;
  size_t count = 0;
  float* a = nullptr;
  float* b = nullptr;
};
// dst[i] = a[i] * src[i] + b[i] as `linear` in rows.h has it.
struct FrameScaleArgs {
  ChannelNorm channel;
  FrameNormals normals;
  RowOperand src;
  RowResult dst;
  size_t count = 0;
};

struct FrameNormKernels {
  void (*add_moments)(const FrameMomentsArgs&) = nullptr;
  void (*normals)(const FrameNormalsArgs&) = nullptr;
  void (*coefficients)(const FrameCoefficientsArgs&) = nullptr;
  void (*scale)(const FrameScaleArgs&) = nullptr;
};
// Of the instruction set in use.
FrameNormKernels frame_norm_kernels();

}  // namespace tessera::simd
