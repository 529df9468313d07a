// a*x + b by definition, and codes of numbers that are only almost known. Compiled once per
// instruction set.
#if defined(TESSERA_KERNELS_SIMD_INTEGER_LINEAR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TESSERA_KERNELS_SIMD_INTEGER_LINEAR_INL_H_
#undef TESSERA_KERNELS_SIMD_INTEGER_LINEAR_INL_H_
#else
#define TESSERA_KERNELS_SIMD_INTEGER_LINEAR_INL_H_
#endif

#include "kernels/simd/integer/row_access-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

// A vector of floats as two of float64.
struct Doubles {
#if HWY_TARGET == HWY_SCALAR
  HWY_INLINE explicit Doubles(Floats x) : value(static_cast<double>(x.raw)) {}
  double value;
#else
  using Tag = hn::Repartition<double, FloatTag>;
  using HalfTag = hn::Half<FloatTag>;
  HWY_INLINE explicit Doubles(Floats x)
      : low(hn::PromoteTo(Tag(), hn::LowerHalf(HalfTag(), x))),
        high(hn::PromoteTo(Tag(), hn::UpperHalf(HalfTag(), x))) {}
  hn::Vec<Tag> low, high;
#endif
};

// a*x + b. The product is exact in float64, so that it does not matter whether it is rounded before
// the sum.
HWY_INLINE Floats linear_of(const Doubles& a, const Doubles& x, const Doubles& b) {
#if HWY_TARGET == HWY_SCALAR
  return Floats(static_cast<float>(a.value * x.value + b.value));
#else
  const auto low = hn::MulAdd(a.low, x.low, b.low);
  const auto high = hn::MulAdd(a.high, x.high, b.high);
  constexpr Doubles::HalfTag half;
  return hn::Combine(kF, hn::DemoteTo(half, high), hn::DemoteTo(half, low));
#endif
}

HWY_INLINE bool has_every_code(const CodeScale& codes, Format format) {
  return format == Format::kCode8 ? codes.lowest == 0 && codes.highest == 255
                                  : codes.lowest == -32768 && codes.highest == 32767;
}

// Stores the codes that y, zero point included, is rounded to, and saturated, if every other number
// within |y| * factor + (0.5 - limit) is rounded to the same one. Nothing is stored else: y may be
// too near to a half, too large or no number.
template <typename Code>
HWY_INLINE bool store_if_certain(Floats y, Floats factor, Floats limit, Code* p) {
  const Floats rounder =
      hn::Set(kF, 12582912.0f);  // 1.5 * 2^23: its sum has no room for a fraction
  const Floats sum = hn::Add(y, rounder);
  const Floats off = hn::Abs(hn::Sub(y, hn::Sub(sum, rounder)));
  if (!hn::AllTrue(kF, hn::Lt(hn::MulAdd(hn::Abs(y), factor, off), limit))) return false;
  store_saturated(hn::Sub(hn::BitCast(kI, sum), hn::BitCast(kI, rounder)), p);
  return true;
}

// Whether a row is made from codes to codes, none of which is left out.
template <class Args>
HWY_INLINE bool is_between_codes(const Args& args) {
  return args.src.format != Format::kFloat && args.dst.format != Format::kFloat &&
         args.src.step != 0 && has_every_code(args.dst.codes, args.dst.format);
}
// Calls visit(From, To) with values of the types of these codes.
template <class Args, class Visit>
HWY_INLINE void with_codes(const Args& args, const Visit& visit) {
  const bool to_8_bits = args.dst.format == Format::kCode8;
  if (args.src.format == Format::kCode8) {
    to_8_bits ? visit(uint8_t{}, uint8_t{}) : visit(uint8_t{}, int16_t{});
  } else {
    to_8_bits ? visit(int16_t{}, uint8_t{}) : visit(int16_t{}, int16_t{});
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#endif
