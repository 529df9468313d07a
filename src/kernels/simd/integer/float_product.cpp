#include "kernels/simd/integer/float_product.h"

#include <algorithm>

#include "kernels/simd/integer/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/integer/float_product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/integer/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {
namespace {

using DoubleTag = hn::ScalableTag<double>;
using HalfTag = hn::Rebind<float, DoubleTag>;
using Doubles = hn::Vec<DoubleTag>;
constexpr DoubleTag kD;
constexpr size_t kDoubles = HWY_LANES(double);
constexpr size_t kPanel = kVectorsPerTile * kDoubles;
constexpr size_t kOut = 4;

struct Row {
  HWY_INLINE Row() {}
  Doubles v0, v1, v2;
};

HWY_INLINE Doubles load(const float* p) {
  return hn::PromoteTo(kD, hn::LoadU(HalfTag(), p));
}
HWY_INLINE void store(Doubles x, float* p) {
  hn::StoreU(hn::DemoteTo(HalfTag(), x), HalfTag(), p);
}

HWY_INLINE void store_row(const Row& r, const FloatProductArgs& args, size_t channel) {
  if (channel >= args.out) return;
  float* const dst = args.dst + channel * args.dst_stride;
  float part[kPanel];
  float* const to = HWY_LIKELY(args.frames == kPanel) ? dst : part;
  store(r.v0, to);
  store(r.v1, to + kDoubles);
  store(r.v2, to + 2 * kDoubles);
  if (to == part) std::copy_n(part, args.frames, dst);
}

// Rows may lie pages apart, where no prefetcher of the processor follows.
HWY_INLINE void fetch_ahead(const FloatProductArgs& args, size_t row) {
  constexpr size_t kRowsAhead = 16;
  const float* const ahead = args.panel + std::min(row + kRowsAhead, args.in - 1) * args.stride;
  for (size_t t = 0; t < kPanel; t += kAlignmentBytes / sizeof(float))
    __builtin_prefetch(ahead + t, 0, 3);
}

}  // namespace

void float_product(const FloatProductArgs& args) {
  const double* weights = args.weights;
  for (size_t channel = 0; channel < args.out; channel += kOut) {
    Row a, b, c, d;
    a.v0 = a.v1 = a.v2 = hn::Set(kD, args.bias[channel]);
    b.v0 = b.v1 = b.v2 = hn::Set(kD, args.bias[channel + 1]);
    c.v0 = c.v1 = c.v2 = hn::Set(kD, args.bias[channel + 2]);
    d.v0 = d.v1 = d.v2 = hn::Set(kD, args.bias[channel + 3]);
    const float* src = args.panel;
    for (size_t i = 0; i < args.in; ++i, src += args.stride, weights += kOut) {
      if (channel == 0) fetch_ahead(args, i);
      const Doubles p0 = load(src);
      const Doubles p1 = load(src + kDoubles);
      const Doubles p2 = load(src + 2 * kDoubles);
      const auto add = [&](Row& r, double weight) HWY_ATTR {
        const Doubles w = hn::Set(kD, weight);
        r.v0 = hn::MulAdd(p0, w, r.v0);
        r.v1 = hn::MulAdd(p1, w, r.v1);
        r.v2 = hn::MulAdd(p2, w, r.v2);
      };
      add(a, weights[0]);
      add(b, weights[1]);
      add(c, weights[2]);
      add(d, weights[3]);
    }
    store_row(a, args, channel);
    store_row(b, args, channel + 1);
    store_row(c, args, channel + 2);
    store_row(d, args, channel + 3);
  }
}

void describe_float_product(FloatProductBlocking& blocking) {
  blocking = {.frames = kPanel, .rows = kOut};
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(float_product);
HWY_EXPORT(describe_float_product);

FloatProductKernels float_product_kernels() {
  FloatProductKernels kernels;
  HWY_DYNAMIC_DISPATCH(describe_float_product)(kernels.blocking);
  kernels.product = &HWY_DYNAMIC_DISPATCH(float_product);
  return kernels;
}

std::vector<double> pack_float_weights(const FloatProductBlocking& blocking, const float* weights,
                                       size_t out, size_t in) {
  std::vector<double> packed(blocking.padded_out(out) * in);
  for (size_t o = 0; o < out; ++o) {
    double* const block = packed.data() + o / blocking.rows * blocking.rows * in;
    for (size_t i = 0; i < in; ++i)
      block[i * blocking.rows + o % blocking.rows] = static_cast<double>(weights[o * in + i]);
  }
  return packed;
}
}  // namespace tessera::simd
#endif
