#include "kernels/simd/integer/rows.h"

#include <algorithm>

#include "kernels/simd/integer/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/integer/rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/integer/row_access-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {
namespace {

// x > y ? x : y, and x where it is no number.
HWY_INLINE Floats maximum(Floats x, Floats y) {
  return hn::IfThenElse(hn::Or(hn::Gt(x, y), hn::Ne(x, x)), x, y);
}
HWY_INLINE Floats minimum(Floats x, Floats y) {
  return hn::IfThenElse(hn::Or(hn::Lt(x, y), hn::Ne(x, x)), x, y);
}

// Sums, products and quotients of floats rounded to double and then to float are those rounded to
// float alone (Figueroa 1995): double has more than twice the digits.
template <class From, class To, class Op>
HWY_INLINE void combine_rows(const CombineArgs& args, const Op& op) {
  const From a(args.a);
  const From b(args.b);
  const To dst(args.dst);
  const size_t count = args.count;
  for (size_t i = 0; i < count; i += kLanes)
    dst.store(op(a.load(i, count - i), b.load(i, count - i)), i, count - i);
}
template <class Op>
HWY_INLINE void combine_any(const CombineArgs& args, const Op& op) {
  combine_rows<Reader, Writer>(args, op);
}
// For the ops that networks have most of.
template <class Op>
HWY_INLINE void combine_often(const CombineArgs& args, const Op& op) {
  const Format format = args.dst.format;
  const bool alike =
      args.a.format == format && args.b.format == format && args.a.step != 0 && args.b.step != 0;
  if (!alike) return combine_any(args, op);
  switch (format) {
    case Format::kFloat: return combine_rows<RowReader<float>, RowWriter<float>>(args, op);
    case Format::kCode8: return combine_rows<RowReader<uint8_t>, RowWriter<uint8_t>>(args, op);
    case Format::kCode16: return combine_rows<RowReader<int16_t>, RowWriter<int16_t>>(args, op);
  }
}

template <typename Entry>
HWY_INLINE void look_up_row(const LookUpArgs& args) {
  const auto* table = static_cast<const Entry*>(args.table);
  auto* dst = static_cast<Entry*>(args.dst);
  size_t i = 0;
#if HWY_TARGET == HWY_AVX3_DL
  if constexpr (sizeof(Entry) == 1) {
    const __m512i t0 = _mm512_loadu_si512(table);
    const __m512i t1 = _mm512_loadu_si512(table + 64);
    const __m512i t2 = _mm512_loadu_si512(table + 128);
    const __m512i t3 = _mm512_loadu_si512(table + 192);
    for (; i + 64 <= args.count; i += 64) {
      fetch_ahead(args.src + i);
      const __m512i codes = _mm512_loadu_si512(args.src + i);
      const __m512i below = _mm512_permutex2var_epi8(t0, codes, t1);
      const __m512i above = _mm512_permutex2var_epi8(t2, codes, t3);
      _mm512_storeu_si512(dst + i,
                          _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), below, above));
    }
  }
#endif
  for (; i < args.count; ++i) dst[i] = table[args.src[i]];
}

template <typename Code>
HWY_INLINE void sum_plainly(const Code* src, size_t count, CodeSums& sums) {
  for (size_t i = 0; i < count; ++i) {
    const int64_t x = src[i];
    sums.sum += x;
    sums.squares += x * x;
  }
}

#if HWY_TARGET == HWY_SCALAR
template <typename Code>
HWY_INLINE CodeSums sum_row(const SumCodesArgs& args) {
  CodeSums sums;
  sum_plainly(static_cast<const Code*>(args.src), args.count, sums);
  return sums;
}
#else
template <typename T, class V>
HWY_INLINE int64_t sum_of_lanes(V x) {
  constexpr hn::ScalableTag<T> d;
  alignas(kAlignmentBytes) T lanes[HWY_LANES(T)];
  hn::Store(x, d, lanes);
  int64_t sum = 0;
  for (T lane : lanes) sum += static_cast<int64_t>(lane);
  return sum;
}

// Products of pairs of 16 bits, added up in 32.
struct PairSums {
  HWY_INLINE PairSums() : sum(hn::Zero(kI)), upper(hn::Zero(kI)) {}
  HWY_INLINE void add(Ints a, Ints b) { add_pair_products(sum, upper, a, b); }
  HWY_INLINE int64_t total() const {
    return sum_of_lanes<int32_t>(sum) + sum_of_lanes<int32_t>(upper);
  }

  Ints sum;
  Ints upper;
};

// Vectors of codes whose sums fit 32 bits a lane.
constexpr size_t kRunVectors = 4096;

HWY_INLINE CodeSums sum_vectors(const uint8_t* src, size_t vectors) {
  constexpr hn::ScalableTag<uint8_t> d;
  constexpr hn::ScalableTag<uint64_t> wide;
  const auto zero = hn::Zero(d);
  auto sum = hn::Zero(wide);
  PairSums squares;
  for (; vectors > 0; --vectors, src += HWY_LANES(uint8_t)) {
    fetch_ahead(src);
    const auto x = hn::LoadU(d, src);
    sum = hn::Add(sum, hn::SumsOf8(x));
    const Ints low = hn::BitCast(kI, hn::InterleaveLower(d, x, zero));
    const Ints high = hn::BitCast(kI, hn::InterleaveUpper(d, x, zero));
    squares.add(low, low);
    squares.add(high, high);
  }
  return {sum_of_lanes<uint64_t>(sum), squares.total()};
}

// Two squares fit 32 bits without a sign. Their halves of 16 bits are added up apart.
struct HalfSums {
  using Tag = hn::ScalableTag<uint32_t>;
  using Vec = hn::Vec<Tag>;
  HWY_INLINE HalfSums() : low(hn::Zero(Tag())), high(hn::Zero(Tag())) {}
  HWY_INLINE void add(Ints signless) {
    const Vec x = hn::BitCast(Tag(), signless);
    low = hn::Add(low, hn::And(x, hn::Set(Tag(), 0xFFFF)));
    high = hn::Add(high, hn::ShiftRight<16>(x));
  }
  HWY_INLINE int64_t total() const {
    return sum_of_lanes<uint32_t>(low) + sum_of_lanes<uint32_t>(high) * 65536;
  }

  Vec low;
  Vec high;
};

HWY_INLINE CodeSums sum_vectors(const int16_t* src, size_t vectors) {
  const Ints ones = hn::Set(kI, 0x00010001);
  PairSums sum;
  HalfSums squares;
  for (; vectors > 0; --vectors, src += HWY_LANES(int16_t)) {
    fetch_ahead(src);
    const Ints x = hn::BitCast(kI, hn::LoadU(PairTag(), src));
    sum.add(x, ones);
    PairSums two;
    two.add(x, x);
    squares.add(two.sum);
    if (kTwoSums) squares.add(two.upper);
  }
  return {sum.total(), squares.total()};
}

template <typename Code>
HWY_INLINE CodeSums sum_row(const SumCodesArgs& args) {
  constexpr size_t kCodes = HWY_LANES(Code);
  const auto* src = static_cast<const Code*>(args.src);
  CodeSums sums;
  for (size_t left = args.count / kCodes; left > 0;) {
    const size_t vectors = std::min(left, kRunVectors);
    const CodeSums run = sum_vectors(src, vectors);
    sums.sum += run.sum;
    sums.squares += run.squares;
    src += vectors * kCodes;
    left -= vectors;
  }
  sum_plainly(src, args.count % kCodes, sums);
  return sums;
}
#endif

}  // namespace

void quantize_codes(const QuantizeArgs& args) {
  const Writer dst({args.dst, args.format, args.codes});
  for (size_t i = 0; i < args.count; i += kLanes) {
    const size_t left = args.count - i;
    dst.store(load_floats(args.src + i, left), i, left);
  }
}

void dequantize_codes(const DequantizeArgs& args) {
  const Reader src({args.src, args.format, args.codes, 1});
  for (size_t i = 0; i < args.count; i += kLanes) {
    const size_t left = args.count - i;
    store_floats(src.load(i, left), args.dst + i, left);
  }
}

void combine(const CombineArgs& args) {
  switch (args.op) {
    case BinaryOp::kAdd:
      return combine_often(args, [](Floats a, Floats b) HWY_ATTR { return hn::Add(a, b); });
    case BinaryOp::kSub:
      return combine_any(args, [](Floats a, Floats b) HWY_ATTR { return hn::Sub(a, b); });
    case BinaryOp::kMul:
      return combine_often(args, [](Floats a, Floats b) HWY_ATTR { return hn::Mul(a, b); });
    case BinaryOp::kDiv:
      return combine_any(args, [](Floats a, Floats b) HWY_ATTR { return hn::Div(a, b); });
    case BinaryOp::kMax:
      return combine_any(args, [](Floats a, Floats b) HWY_ATTR { return maximum(a, b); });
    case BinaryOp::kMin:
      return combine_any(args, [](Floats a, Floats b) HWY_ATTR { return minimum(a, b); });
    case BinaryOp::kPow: return;
  }
}

void activate(const ActivateArgs& args) {
  const Floats slope = hn::Set(kF, args.slope);
  const Reader src(args.src);
  const Writer dst(args.dst);
  for (size_t i = 0; i < args.count; i += kLanes) {
    const size_t left = args.count - i;
    dst.store(activated(src.load(i, left), args.activation, slope), i, left);
  }
}

void look_up(const LookUpArgs& args) {
  return args.format == Format::kCode8 ? look_up_row<uint8_t>(args) : look_up_row<int16_t>(args);
}

CodeSums sum_codes(const SumCodesArgs& args) {
  return args.format == Format::kCode8 ? sum_row<uint8_t>(args) : sum_row<int16_t>(args);
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(quantize_codes);
HWY_EXPORT(dequantize_codes);
HWY_EXPORT(combine);
HWY_EXPORT(activate);
HWY_EXPORT(look_up);
HWY_EXPORT(sum_codes);

RowKernels row_kernels() {
  return {&HWY_DYNAMIC_DISPATCH(quantize_codes), &HWY_DYNAMIC_DISPATCH(dequantize_codes),
          &HWY_DYNAMIC_DISPATCH(combine),        linear_kernel(),
          &HWY_DYNAMIC_DISPATCH(activate),       &HWY_DYNAMIC_DISPATCH(look_up),
          &HWY_DYNAMIC_DISPATCH(sum_codes)};
}
}  // namespace tessera::simd
#endif
