#include "kernels/simd/frames.h"

#include <algorithm>
#include <utility>

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

// Output channels of one frame, in registers: written out by folds, since a compiler that keeps a
// loop over them keeps them in memory.
template <size_t... V>
struct ChannelSums {
  // An implicit one would not be compiled for the instruction set of its vectors.
  HWY_INLINE ChannelSums() {}
  HWY_INLINE void load(const float* from) { ((sum[V] = hn::LoadU(kD, from + V * kLanes)), ...); }
  HWY_INLINE void add(const Vector (&weights)[sizeof...(V)], Vector x) {
    ((sum[V] = hn::MulAdd(weights[V], x, sum[V])), ...);
  }
  HWY_INLINE void store(float* to) const { (hn::StoreU(sum[V], kD, to + V * kLanes), ...); }

  Vector sum[sizeof...(V)];
};

// A block of output channels of some frames.
template <size_t... V, size_t... F>
HWY_INLINE void product_block(const FrameProductArgs& args, const float* weights, size_t first_out,
                              size_t frame, std::index_sequence<V...>, std::index_sequence<F...>) {
  ChannelSums<V...> sums[sizeof...(F)];
  (sums[F].load(args.bias + first_out), ...);
  const float* const src = args.src + frame * args.src_stride;
  for (size_t i = 0; i < args.in; ++i) {
    const float* const row = weights + i * sizeof...(V) * kLanes;
    const Vector loaded[] = {hn::LoadU(kD, row + V * kLanes)...};
    (sums[F].add(loaded, hn::Set(kD, src[F * args.src_stride + i])), ...);
  }
  const size_t stride = frame_stride(args.out);
  (sums[F].store(args.dst + (frame + F) * stride + first_out), ...);
}

template <size_t kSixteens>
void product_column(const FrameProductArgs& args, const float* weights, size_t first_out) {
  constexpr std::make_index_sequence<kSixteens * kVectorsPerSixteen> kVectors;
  constexpr std::make_index_sequence<1> kOne;
  size_t frame = 0;
  if constexpr (kFramesTogether > 1) {
    constexpr std::make_index_sequence<2> kTwo;
    constexpr std::make_index_sequence<kFramesTogether> kAll;
    for (; frame + kFramesTogether <= args.frames; frame += kFramesTogether)
      product_block(args, weights, first_out, frame, kVectors, kAll);
    for (; frame + 2 <= args.frames; frame += 2)
      product_block(args, weights, first_out, frame, kVectors, kTwo);
  }
  for (; frame < args.frames; ++frame)
    product_block(args, weights, first_out, frame, kVectors, kOne);
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
