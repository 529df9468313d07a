#include "kernels/simd/frames.h"

#include <algorithm>

#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/frames.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Vectors of at most 16 floats, which frame_stride() is a multiple of.
constexpr hn::CappedTag<float, 16> kD;
using Vector = hn::Vec<decltype(kD)>;
constexpr size_t kLanes = hn::MaxLanes(kD);
constexpr size_t kVectorsPerSixteen = 16 / kLanes;

// Frames that share one reading of the weights: as many as the accumulators of a block leave
// registers for.
constexpr size_t kFramesTogether = kLanes == 16 ? 4 : 1;

template <size_t kVectors, size_t kFrames>
HWY_INLINE void product_block(const FrameProductArgs& args, const float* weights, size_t first_out,
                              size_t frame) {
  Vector sums[kFrames][kVectors];
  for (size_t v = 0; v < kVectors; ++v) {
    const Vector bias = hn::LoadU(kD, args.bias + first_out + v * kLanes);
    for (size_t f = 0; f < kFrames; ++f) sums[f][v] = bias;
  }
  const float* const src = args.src + frame * args.src_stride;
  for (size_t i = 0; i < args.in; ++i) {
    for (size_t v = 0; v < kVectors; ++v) {
      const Vector weight = hn::LoadU(kD, weights + (i * kVectors + v) * kLanes);
      for (size_t f = 0; f < kFrames; ++f) {
        const Vector x = hn::Set(kD, src[f * args.src_stride + i]);
        sums[f][v] = hn::MulAdd(weight, x, sums[f][v]);
      }
    }
  }
  const size_t stride = frame_stride(args.out);
  for (size_t f = 0; f < kFrames; ++f) {
    for (size_t v = 0; v < kVectors; ++v)
      hn::StoreU(sums[f][v], kD, args.dst + (frame + f) * stride + first_out + v * kLanes);
  }
}

template <size_t kSixteens>
void product_column(const FrameProductArgs& args, const float* weights, size_t first_out) {
  constexpr size_t kVectors = kSixteens * kVectorsPerSixteen;
  size_t frame = 0;
  for (; frame + kFramesTogether <= args.frames; frame += kFramesTogether)
    product_block<kVectors, kFramesTogether>(args, weights, first_out, frame);
  if constexpr (kFramesTogether > 2) {
    for (; frame + 2 <= args.frames; frame += 2)
      product_block<kVectors, 2>(args, weights, first_out, frame);
  }
  for (; frame < args.frames; ++frame) product_block<kVectors, 1>(args, weights, first_out, frame);
}

}  // namespace

void frame_product(const FrameProductArgs& args) {
  const size_t padded = frame_stride(args.out);
  for (size_t out = 0; out < padded; out += kFrameBlock) {
    const float* const weights = args.weights + out * args.in;
    switch (std::min(kFrameBlock, padded - out) / 16) {
      case 1: product_column<1>(args, weights, out); break;
      case 2: product_column<2>(args, weights, out); break;
      case 3: product_column<3>(args, weights, out); break;
      default: product_column<4>(args, weights, out); break;
    }
  }
}

void frame_taps(const FrameTapsArgs& args) {
  const size_t stride = frame_stride(args.channels);
  for (size_t c = 0; c < stride; c += kLanes) {
    Vector sum = hn::LoadU(kD, args.bias + c);
    for (size_t k = 0; k < args.count; ++k) {
      if (args.taps[k] == nullptr) continue;
      sum = hn::MulAdd(hn::LoadU(kD, args.weights + k * stride + c),
                       hn::LoadU(kD, args.taps[k] + c), sum);
    }
    hn::StoreU(sum, kD, args.dst + c);
  }
}

void frame_affine(const FrameAffineArgs& args) {
  const Vector center = hn::Set(kD, args.center);
  const Vector r = hn::Set(kD, args.r);
  for (size_t c = 0; c < frame_stride(args.channels); c += kLanes) {
    const Vector x = hn::Sub(hn::LoadU(kD, args.src + c), center);
    hn::StoreU(
        hn::MulAdd(hn::Mul(x, r), hn::LoadU(kD, args.scale + c), hn::LoadU(kD, args.shift + c)), kD,
        args.dst + c);
  }
}

void frame_prelu(const FramePreluArgs& args) {
  for (size_t c = 0; c < frame_stride(args.channels); c += kLanes) {
    const Vector x = hn::LoadU(kD, args.src + c);
    const Vector below = hn::Mul(x, hn::LoadU(kD, args.slope + c));
    hn::StoreU(hn::IfThenElse(hn::Lt(x, hn::Zero(kD)), below, x), kD, args.dst + c);
  }
}

void frame_add(const FramePairArgs& args) {
  for (size_t i = 0; i < args.count; i += kLanes)
    hn::StoreU(hn::Add(hn::LoadU(kD, args.a + i), hn::LoadU(kD, args.b + i)), kD, args.dst + i);
}

void frame_mul(const FramePairArgs& args) {
  for (size_t i = 0; i < args.count; i += kLanes)
    hn::StoreU(hn::Mul(hn::LoadU(kD, args.a + i), hn::LoadU(kD, args.b + i)), kD, args.dst + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(frame_product);
HWY_EXPORT(frame_taps);
HWY_EXPORT(frame_affine);
HWY_EXPORT(frame_prelu);
HWY_EXPORT(frame_add);
HWY_EXPORT(frame_mul);

FrameKernels frame_kernels() {
  return {.product = &HWY_DYNAMIC_DISPATCH(frame_product),
          .taps = &HWY_DYNAMIC_DISPATCH(frame_taps),
          .affine = &HWY_DYNAMIC_DISPATCH(frame_affine),
          .prelu = &HWY_DYNAMIC_DISPATCH(frame_prelu),
          .add = &HWY_DYNAMIC_DISPATCH(frame_add),
          .mul = &HWY_DYNAMIC_DISPATCH(frame_mul)};
}

void pack_frame_product(const float* weights, size_t out, size_t in, float* packed) {
  const size_t padded = frame_stride(out);
  for (size_t first = 0; first < padded; first += kFrameBlock) {
    const size_t width = std::min(kFrameBlock, padded - first);
    for (size_t i = 0; i < in; ++i) {
      for (size_t o = first; o < first + width; ++o)
        *packed++ = o < out ? weights[o * in + i] : 0.0f;
    }
  }
}

}  // namespace tessera::simd
#endif
