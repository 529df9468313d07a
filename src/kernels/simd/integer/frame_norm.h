// Norms over the channels of each frame, of codes: sums, mean and deviation with the bits of the
// plain loops over float64, many frames at once.
#pragma once

#include <cstddef>

#include "kernels/simd/integer/rows.h"

namespace tessera::simd {

// Of every frame i, in float64: first[i] = sum of x and second[i] = sum of x*x, channel by channel,
// x being the number that its code stands for.
struct FrameMomentsArgs {
  const void* src = nullptr;
  size_t stride = 0;  // elements from channel to channel
  Format format = Format::kCode8;
  const CodeScale* codes = nullptr;  // of every channel
  size_t channels = 0;
  size_t count = 0;  // of frames
  double* first = nullptr;
  double* second = nullptr;
};

// What a norm takes from each frame.
struct FrameNormals {
  const double* mean = nullptr;
  const double* r = nullptr;      // 1 / sqrt(variance + eps)
  const float* near_r = nullptr;  // r and mean * r in float32
  const float* near_mean_r = nullptr;
  float most_mean_r = 0;  // no frame's magnitude exceeds it
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
// What a norm does from code to code of a channel in float32, near enough to tell in most frames
// what code the definition gives:
//   y = (code - zero) * (gain * r) + (shift - pull * (mean * r))
struct NearScale {
  bool usable = false;
  float gain = 0;
  float pull = 0;
  float shift = 0;
  float limit = 0;  // how near to a whole number y has to be, less what grows with y and mean * r
};
NearScale near_scale(const ChannelNorm& channel, const CodeScale& from, const CodeScale& to);

// dst[i] = a[i] * src[i] + b[i] as `linear` in rows.h has it.
struct FrameScaleArgs {
  ChannelNorm channel;
  NearScale near;  // of the codes; by definition alone where it is not usable
  FrameNormals normals;
  RowOperand src;
  RowResult dst;
  size_t count = 0;
};

struct FrameNormKernels {
  void (*moments)(const FrameMomentsArgs&) = nullptr;
  void (*normals)(const FrameNormalsArgs&) = nullptr;
  void (*coefficients)(const FrameCoefficientsArgs&) = nullptr;
  void (*scale)(const FrameScaleArgs&) = nullptr;
};
// Of the instruction set in use.
FrameNormKernels frame_norm_kernels();

}  // namespace tessera::simd
