// Vectors of codes, accumulators and the floats between them: the vocabulary of the integer
// kernels. Compiled once per instruction set.
#if defined(TESSERA_KERNELS_SIMD_INTEGER_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TESSERA_KERNELS_SIMD_INTEGER_LANES_INL_H_
#undef TESSERA_KERNELS_SIMD_INTEGER_LANES_INL_H_
#else
#define TESSERA_KERNELS_SIMD_INTEGER_LANES_INL_H_
#endif

#include <cstring>

#include <hwy/highway.h>
#include "kernels/simd/integer/requantize.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using IntTag = hn::ScalableTag<int32_t>;
using Byte4Tag = hn::Rebind<uint8_t, IntTag>;  // as many codes as there are accumulators
using Short2Tag = hn::Rebind<int16_t, IntTag>;
using PairTag = hn::Repartition<int16_t, IntTag>;
using Floats = hn::Vec<FloatTag>;
using Ints = hn::Vec<IntTag>;

inline constexpr FloatTag kF;
inline constexpr IntTag kI;
inline constexpr size_t kLanes = HWY_LANES(float);

// hn::ReorderWidenMulAccumulate may keep its sums in two vectors.
#if HWY_ARCH_ARM
inline constexpr bool kTwoSums = true;
#else
inline constexpr bool kTwoSums = false;
#endif

// sum + low halves multiplied + high halves multiplied, modulo 2^32; with kTwoSums, total_of() adds
// up what belongs together.
HWY_INLINE void add_pair_products(Ints& sum, Ints& upper, Ints a, Ints b) {
#if HWY_TARGET == HWY_SCALAR
  const auto product = [](int32_t x, int32_t y) { return static_cast<uint32_t>(x * y); };
  const auto low = [](int32_t x) { return static_cast<int16_t>(x & 0xFFFF); };
  sum.raw = static_cast<int32_t>(static_cast<uint32_t>(sum.raw) + product(low(a.raw), low(b.raw)) +
                                 product(a.raw >> 16, b.raw >> 16));
  static_cast<void>(upper);
#else
  sum = hn::ReorderWidenMulAccumulate(kI, hn::BitCast(PairTag(), a), hn::BitCast(PairTag(), b), sum,
                                      upper);
#endif
}
HWY_INLINE Ints total_of(Ints sum, Ints upper) {
  return kTwoSums ? hn::RearrangeToOddPlusEven(sum, upper) : sum;
}

// Modulo 2^32.
HWY_INLINE Ints wrapping_add(Ints a, Ints b) {
#if HWY_TARGET == HWY_SCALAR
  return Ints(static_cast<int32_t>(static_cast<uint32_t>(a.raw) + static_cast<uint32_t>(b.raw)));
#else
  return hn::Add(a, b);
#endif
}

// a > b ? a : b, and b if a is no number.
HWY_INLINE Floats larger(Floats a, Floats b) {
#if HWY_ARCH_X86 || HWY_ARCH_ARM_A64
  return hn::Max(a, b);
#else
  return hn::IfThenElse(hn::Gt(a, b), a, b);
#endif
}
HWY_INLINE Floats smaller(Floats a, Floats b) {
#if HWY_ARCH_X86 || HWY_ARCH_ARM_A64
  return hn::Min(a, b);
#else
  return hn::IfThenElse(hn::Lt(a, b), a, b);
#endif
}

// Numbers to codes of one channel.
class Coder {
 public:
  HWY_INLINE explicit Coder(const CodeScale& codes)
      : scale_(hn::Set(kF, codes.scale)),
        inverse_(hn::Set(kF, codes.inverse)),
        bound_(hn::Set(kF, codes.scale * 131072.0f)),
        low_(hn::Set(kF, static_cast<float>(codes.lowest - codes.zero_point))),
        high_(hn::Set(kF, static_cast<float>(codes.highest - codes.zero_point))),
        zero_(hn::Set(kI, codes.zero_point - kBitsOfRounder)),
        multiplies_(codes.inverse != 0.0f) {}

  // x / scale, correctly rounded wherever it is within reach of a code.
  HWY_INLINE Floats steps_of(Floats x) const {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
    if (HWY_LIKELY(multiplies_)) {
      x = smaller(larger(x, hn::Neg(bound_)), bound_);
      const Floats first = hn::Mul(x, inverse_);
      const Floats second = hn::MulAdd(hn::NegMulAdd(first, scale_, x), inverse_, first);
      return hn::MulAdd(hn::NegMulAdd(second, scale_, x), inverse_, second);
    }
#endif
    return hn::Div(x, scale_);
  }

  // saturate(round_half_even(steps) + zero_point). Adding 1.5 * 2^23 leaves no room for a fraction;
  // the integer is then what the sum has in its lowest bits.
  HWY_INLINE Ints code_of(Floats steps) const {
    const Floats clamped = smaller(larger(steps, low_), high_);
    return hn::Add(hn::BitCast(kI, hn::Add(clamped, hn::Set(kF, 12582912.0f))), zero_);
  }

 private:
  static constexpr int32_t kBitsOfRounder = 0x4B400000;

  Floats scale_, inverse_, bound_, low_, high_;
  Ints zero_;
  bool multiplies_;
};

HWY_INLINE void store_codes(Ints codes, uint8_t* p) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(codes.raw));
#else
  hn::StoreU(hn::DemoteTo(Byte4Tag(), codes), Byte4Tag(), p);
#endif
}
HWY_INLINE void store_codes(Ints codes, int16_t* p) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(codes.raw));
#else
  hn::StoreU(hn::DemoteTo(Short2Tag(), codes), Short2Tag(), p);
#endif
}
// The same of any integers: those that are no codes become the nearest ones.
HWY_INLINE void store_saturated(Ints x, uint8_t* p) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  const __m512i positive = _mm512_max_epi32(x.raw, _mm512_setzero_si512());
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtusepi32_epi8(positive));
#else
  // Highway's own saturation is wrong beyond 16 bits.
  const Ints code = hn::Min(hn::Max(x, hn::Zero(kI)), hn::Set(kI, 255));
  hn::StoreU(hn::DemoteTo(Byte4Tag(), code), Byte4Tag(), p);
#endif
}
HWY_INLINE void store_saturated(Ints x, int16_t* p) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtsepi32_epi16(x.raw));
#else
  hn::StoreU(hn::DemoteTo(Short2Tag(), x), Short2Tag(), p);
#endif
}
HWY_INLINE Ints load_codes(const uint8_t* p) {
  return hn::PromoteTo(kI, hn::LoadU(Byte4Tag(), p));
}
HWY_INLINE Ints load_codes(const int16_t* p) {
  return hn::PromoteTo(kI, hn::LoadU(Short2Tag(), p));
}

HWY_INLINE Floats activated(Floats x, Activation activation, Floats slope) {
  const Floats zero = hn::Zero(kF);
  if (activation == Activation::kPrelu) {
    return hn::IfThenElse(hn::Ge(x, zero), x, hn::Mul(slope, x));
  }
  if (activation == Activation::kRelu) return hn::IfThenElse(hn::Lt(x, zero), zero, x);
  return x;
}

// Finishes accumulators of one output channel.
template <Format kFormat, Activation kActivation>
class Requantizer {
 public:
  HWY_INLINE Requantizer(const Requantize& requantize, size_t channel)
      : divide_(requantize.divide),
        bias_(hn::Set(kI, requantize.bias[channel])),
        gain_(hn::Set(kF, requantize.gain[channel])),
        slope_(hn::Set(kF, kActivation == Activation::kPrelu ? requantize.slopes[channel] : 0.0f)),
        coder_(kFormat == Format::kFloat ? CodeScale{} : requantize.codes[channel]) {}

  // p: where this vector belongs, of the type that the format says.
  HWY_INLINE void store(Ints accumulators, void* p) const {
    Floats x = hn::Mul(hn::ConvertTo(kF, wrapping_add(accumulators, bias_)), gain_);
    x = activated(x, kActivation, slope_);
    if constexpr (kFormat == Format::kFloat) {
      hn::StoreU(x, kF, static_cast<float*>(p));
    } else {
      if (divide_) x = coder_.steps_of(x);
      const Ints codes = coder_.code_of(x);
      if constexpr (kFormat == Format::kCode8) {
        store_codes(codes, static_cast<uint8_t*>(p));
      } else {
        store_codes(codes, static_cast<int16_t*>(p));
      }
    }
  }

 private:
  bool divide_;
  Ints bias_;
  Floats gain_;
  Floats slope_;
  Coder coder_;
};

template <class T>
struct TypeOf {
  using Type = T;
};
template <Format kFormat, class Visit>
HWY_INLINE void with_requantizer_to(Activation activation, const Visit& visit) {
  switch (activation) {
    case Activation::kNone: return visit(TypeOf<Requantizer<kFormat, Activation::kNone>>());
    case Activation::kRelu: return visit(TypeOf<Requantizer<kFormat, Activation::kRelu>>());
    case Activation::kPrelu: return visit(TypeOf<Requantizer<kFormat, Activation::kPrelu>>());
  }
}
// Calls visit(TypeOf) with the Requantizer that does this.
template <class Visit>
HWY_INLINE void with_requantizer(const Requantize& requantize, const Visit& visit) {
  switch (requantize.format) {
    case Format::kFloat: return with_requantizer_to<Format::kFloat>(requantize.activation, visit);
    case Format::kCode8: return with_requantizer_to<Format::kCode8>(requantize.activation, visit);
    case Format::kCode16: return with_requantizer_to<Format::kCode16>(requantize.activation, visit);
  }
}

// Elements begin .. begin + count - 1 of an array of any type, counted in its elements.
HWY_INLINE void* at(void* p, Format format, size_t begin) {
  return static_cast<char*>(p) + begin * bytes_of(format);
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#endif
