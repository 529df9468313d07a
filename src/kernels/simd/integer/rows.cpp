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
template <class Op>
HWY_INLINE void combine_rows(const CombineArgs& args, const Op& op) {
  const Reader a(args.a);
  const Reader b(args.b);
  const Writer dst(args.dst);
  for (size_t i = 0; i < args.count; i += kLanes) {
    const size_t left = args.count - i;
    dst.store(op(a.load(i, left), b.load(i, left)), i, left);
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

// Adds the squares of codes of 16 bits, two to a lane of 64.
using SquareTag = hn::ScalableTag<int64_t>;
HWY_INLINE void add_squares(hn::Vec<SquareTag>& sum, Ints x) {
#if HWY_TARGET == HWY_SCALAR
  sum.raw += int64_t{x.raw} * x.raw;
#else
  const hn::Repartition<uint64_t, IntTag> bits;
  const Ints odd = hn::BitCast(kI, hn::ShiftRight<32>(hn::BitCast(bits, x)));
  sum = hn::Add(sum, hn::Add(hn::MulEven(x, x), hn::MulEven(odd, odd)));
#endif
}

// Runs of codes whose sums fit 32 bits a lane.
template <typename Code>
HWY_INLINE CodeSums sum_row(const SumCodesArgs& args) {
  constexpr SquareTag wide;
  constexpr size_t kRun = 4096 * kLanes;
  const auto* src = static_cast<const Code*>(args.src);
  CodeSums sums;
  auto squares = hn::Zero(wide);
  for (size_t begin = 0; begin < args.count; begin += kRun) {
    const size_t end = std::min(args.count, begin + kRun);
    Ints sum = hn::Zero(kI);
    Ints sum_of_squares = sum;
    for (size_t i = begin; i < end; i += kLanes) {
      fetch_ahead(src + i);
      const Ints x =
          load_some(src + i, end - i, [](const Code* q) HWY_ATTR { return load_codes(q); });
      sum = hn::Add(sum, x);
      if constexpr (sizeof(Code) == 1) {
        sum_of_squares = hn::Add(sum_of_squares, hn::Mul(x, x));
      } else {
        add_squares(squares, x);
      }
    }
    alignas(kAlignmentBytes) int32_t lanes[kLanes];
    hn::Store(sum, kI, lanes);
    for (int32_t lane : lanes) sums.sum += lane;
    hn::Store(sum_of_squares, kI, lanes);
    for (int32_t lane : lanes) sums.squares += lane;
  }
  alignas(kAlignmentBytes) int64_t lanes[HWY_LANES(int64_t)];
  hn::Store(squares, wide, lanes);
  for (int64_t lane : lanes) sums.squares += lane;
  return sums;
}

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
      return combine_rows(args, [](Floats a, Floats b) HWY_ATTR { return hn::Add(a, b); });
    case BinaryOp::kSub:
      return combine_rows(args, [](Floats a, Floats b) HWY_ATTR { return hn::Sub(a, b); });
    case BinaryOp::kMul:
      return combine_rows(args, [](Floats a, Floats b) HWY_ATTR { return hn::Mul(a, b); });
    case BinaryOp::kDiv:
      return combine_rows(args, [](Floats a, Floats b) HWY_ATTR { return hn::Div(a, b); });
    case BinaryOp::kMax:
      return combine_rows(args, [](Floats a, Floats b) HWY_ATTR { return maximum(a, b); });
    case BinaryOp::kMin:
      return combine_rows(args, [](Floats a, Floats b) HWY_ATTR { return minimum(a, b); });
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
