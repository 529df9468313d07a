#include "kernels/simd/integer/depthwise.h"

#include <algorithm>
#include <array>

#include "kernels/simd/integer/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/integer/depthwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/integer/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {
namespace {

// Two taps at a time: their codes as the two halves of a 32-bit lane, and so their weights.
constexpr size_t kMaxPairs = 16;
struct Pairs {
  explicit Pairs(const DepthwiseCodesArgs& args) : count((args.taps + 1) / 2) {
    for (size_t i = 0; i < std::min(count, kMaxPairs); ++i) weights[i] = weights_of(args, i);
  }
  static int32_t weights_of(const DepthwiseCodesArgs& args, size_t pair) {
    const auto weight = [&](size_t j) -> int32_t { return j < args.taps ? args.weights[j] : 0; };
    const auto upper = static_cast<uint32_t>(weight(2 * pair + 1)) << 16;
    return static_cast<int32_t>(upper | (static_cast<uint32_t>(weight(2 * pair)) & 0xFFFF));
  }

  size_t count;
  std::array<int32_t, kMaxPairs> weights;
};

template <typename Code>
HWY_INLINE Ints pair_of_codes(const Code* src, const DepthwiseCodesArgs& args, size_t pair) {
  const size_t j = 2 * pair;
  Ints codes = load_codes(src + args.offsets[j]);
  if (sizeof(Code) == 2) codes = hn::And(codes, hn::Set(kI, 0xFFFF));
  if (j + 1 == args.taps) return codes;
  return hn::Or(codes, hn::ShiftLeft<16>(load_codes(src + args.offsets[j + 1])));
}

// kTaps: how many, where that is known; else 0.
template <size_t kTaps, typename Code>
HWY_INLINE Ints sum_of_taps(const Code* src, const DepthwiseCodesArgs& args, const Pairs& pairs) {
  Ints sum = hn::Zero(kI);
  Ints upper = sum;
  const size_t count = kTaps == 0 ? pairs.count : (kTaps + 1) / 2;
  for (size_t i = 0; i < count; ++i) {
    const int32_t weights =
        kTaps != 0 || i < kMaxPairs ? pairs.weights[i] : Pairs::weights_of(args, i);
    add_pair_products(sum, upper, pair_of_codes(src, args, i), hn::Set(kI, weights));
  }
  return total_of(sum, upper);
}

template <size_t kTaps, typename Code, class Requantizer>
HWY_INLINE void convolve_row(const DepthwiseCodesArgs& args) {
  const auto* src = static_cast<const Code*>(args.src);
  const Format format = args.requantize->format;
  const size_t frames = args.frames;
  const Requantizer requantizer(*args.requantize, args.channel);
  const Pairs pairs(args);
  size_t t = 0;
  for (; t + kLanes <= frames; t += kLanes) {
    requantizer.store(sum_of_taps<kTaps>(src + t, args, pairs), at(args.dst, format, t));
  }
  if (t == frames) return;
  alignas(kAlignmentBytes) char part[kLanes * sizeof(float)];
  requantizer.store(sum_of_taps<kTaps>(src + t, args, pairs), part);
  std::memcpy(at(args.dst, format, t), part, (frames - t) * bytes_of(format));
}

template <size_t kTaps, typename Code>
HWY_INLINE void convolve_taps(DepthwiseCodesArgs args) {
  if (kTaps != 0) args.taps = kTaps;
  with_requantizer(*args.requantize, [&]<class Requantizer>(TypeOf<Requantizer>) HWY_ATTR {
    convolve_row<kTaps, Code, Requantizer>(args);
  });
}

template <typename Code>
HWY_INLINE void convolve(const DepthwiseCodesArgs& args) {
  if (args.taps == 3) return convolve_taps<3, Code>(args);
  convolve_taps<0, Code>(args);
}

}  // namespace

void depthwise_codes(const DepthwiseCodesArgs& args) {
  if (args.format == Format::kCode8) {
    convolve<uint8_t>(args);
  } else {
    convolve<int16_t>(args);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(depthwise_codes);
DepthwiseCodesKernel* depthwise_codes_kernel() {
  return &HWY_DYNAMIC_DISPATCH(depthwise_codes);
}
}  // namespace tessera::simd
#endif
