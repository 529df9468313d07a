#include "kernels/simd/integer/depthwise.h"

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

// Two taps at a time: their codes as the two halves of a 32-bit lane.
template <typename Code>
HWY_INLINE Ints sum_of_taps(const Code* src, const DepthwiseCodesArgs& args) {
  const Ints low_half = hn::Set(kI, 0xFFFF);
  Ints sum = hn::Zero(kI);
  Ints upper = sum;
  for (size_t j = 0; j < args.taps; j += 2) {
    const bool two = j + 1 < args.taps;
    Ints codes = load_codes(src + args.offsets[j]);
    if (sizeof(Code) == 2) codes = hn::And(codes, low_half);
    int32_t weights = static_cast<uint16_t>(static_cast<int16_t>(args.weights[j]));
    if (two) {
      codes = hn::Or(codes, hn::ShiftLeft<16>(load_codes(src + args.offsets[j + 1])));
      weights |= static_cast<int32_t>(static_cast<uint32_t>(args.weights[j + 1]) << 16);
    }
    add_pair_products(sum, upper, codes, hn::Set(kI, weights));
  }
  return total_of(sum, upper);
}

template <typename Code>
HWY_INLINE void convolve(const DepthwiseCodesArgs& args) {
  const auto* src = static_cast<const Code*>(args.src);
  const Format format = args.finish->format;
  const Finisher finisher(*args.finish, args.channel);
  size_t t = 0;
  for (; t + kLanes <= args.frames; t += kLanes) {
    finisher.store(sum_of_taps(src + t, args), at(args.dst, format, t));
  }
  if (t == args.frames) return;
  alignas(kAlignmentBytes) char part[kLanes * sizeof(float)];
  finisher.store(sum_of_taps(src + t, args), part);
  std::memcpy(at(args.dst, format, t), part, (args.frames - t) * bytes_of(format));
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
