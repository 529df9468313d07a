// Kernels for a few frames at a time, as a stream has them: vectors run along channels, where the
// kernels of tile.h run along time.
//
//   value(frame, channel) = data[frame * frame_stride(channels) + channel]
//
// Channels are padded to whole vectors of any instruction set. What lies in the padding has no
// meaning, and no kernel lets it reach a channel. Results of a frame do not depend on how many
// there are.
#pragma once

#include <cstddef>

namespace tessera::simd {

// Floats from one frame to the next: a multiple of the widest vector.
constexpr size_t frame_stride(size_t channels) {
  constexpr size_t kWidestVector = 16;
  return (channels + kWidestVector - 1) / kWidestVector * kWidestVector;
}

// Output channels whose weights lie together, at most.
inline constexpr size_t kFrameBlock = 64;

// Writes weights [out][in] in the order in which frame_product reads them: for each block of output
// channels [in][channels of the block], missing channels as zeros. `packed` holds
// frame_stride(out) * in floats.
void pack_frame_product(const float* weights, size_t out, size_t in, float* packed);

// dst[f][o] = bias[o] + sum over i of weights[o][i] * src[f][i]
struct FrameProductArgs {
  const float* weights = nullptr;  // packed
  const float* bias = nullptr;     // [frame_stride(out)]
  const float* src = nullptr;
  size_t src_stride = 0;  // floats from frame to frame
  float* dst = nullptr;   // frame_stride(out) floats from frame to frame
  size_t in = 0;
  size_t out = 0;
  size_t frames = 0;
};

// dst[c] = bias[c] + sum over k of weights[k][c] * taps[k][c], for one frame. A tap that is null is
// zero.
struct FrameTapsArgs {
  const float* const* taps = nullptr;
  const float* weights = nullptr;  // [count][frame_stride(channels)]
  const float* bias = nullptr;     // [frame_stride(channels)]
  float* dst = nullptr;
  size_t count = 0;
  size_t channels = 0;
};

// dst[c] = (src[c] - center) * r * scale[c] + shift[c], for one frame.
struct FrameAffineArgs {
  const float* src = nullptr;
  const float* scale = nullptr;
  const float* shift = nullptr;
  float* dst = nullptr;
  size_t channels = 0;
  float center = 0;
  float r = 1;
};

// dst[i] = a[i] >= 0 ? a[i] : slope[i] * a[i], for one frame.
struct FramePreluArgs {
  const float* src = nullptr;
  const float* slope = nullptr;  // [frame_stride(channels)]
  float* dst = nullptr;
  size_t channels = 0;
};

// dst[i] = a[i] + b[i], or a[i] * b[i].
struct FramePairArgs {
  const float* a = nullptr;
  const float* b = nullptr;
  float* dst = nullptr;
  size_t count = 0;
};

struct FrameKernels {
  void (*product)(const FrameProductArgs&) = nullptr;
  void (*taps)(const FrameTapsArgs&) = nullptr;
  void (*affine)(const FrameAffineArgs&) = nullptr;
  void (*prelu)(const FramePreluArgs&) = nullptr;
  void (*add)(const FramePairArgs&) = nullptr;
  void (*mul)(const FramePairArgs&) = nullptr;
};
// For the instruction set in use.
FrameKernels frame_kernels();

}  // namespace tessera::simd
