#include "kernels/simd/integer/rows.h"

#include <algorithm>

#include "kernels/simd/integer/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/integer/rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/integer/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {
namespace {

// A vector, or the beginning of one where a row ends.
template <typename T, class Load>
HWY_INLINE auto load_some(const T* p, size_t count, const Load& load) {
  if (HWY_LIKELY(count >= kLanes)) return load(p);
  alignas(kAlignmentBytes) T part[kLanes] = {};
  std::memcpy(part, p, count * sizeof(T));
  return load(part);
}
template <typename T, class Store>
HWY_INLINE void store_some(T* p, size_t count, const Store& store) {
  if (HWY_LIKELY(count >= kLanes)) return store(p);
  alignas(kAlignmentBytes) T part[kLanes];
  store(part);
  std::memcpy(p, part, count * sizeof(T));
}
HWY_INLINE Floats load_floats(const float* p, size_t count) {
  return load_some(p, count, [](const float* q) HWY_ATTR { return hn::LoadU(kF, q); });
}
HWY_INLINE void store_floats(Floats x, float* p, size_t count) {
  store_some(p, count, [x](float* q) HWY_ATTR { hn::StoreU(x, kF, q); });
}
// Rows follow one another in memory, but the hardware's prefetchers stop where pages end.
template <typename T>
HWY_INLINE void fetch_ahead(const T* p) {
  constexpr size_t kAheadBytes = 1024;
  __builtin_prefetch(reinterpret_cast<const char*>(p) + kAheadBytes, 0, 3);
}

// Reads a row as numbers.
class Reader {
 public:
  HWY_INLINE explicit Reader(const RowOperand& row)
      : data_(row.data),
        format_(row.format),
        zero_(hn::Set(kI, row.codes.zero_point)),
        scale_(hn::Set(kF, row.codes.scale)),
        one_for_all_(row.step == 0),
        one_(scale_) {
    if (one_for_all_) one_ = hn::Set(kF, hn::GetLane(vector(0, 1)));
  }

  HWY_INLINE Floats load(size_t i, size_t count) const {
    return one_for_all_ ? one_ : vector(i, count);
  }

 private:
  template <typename Code>
  HWY_INLINE Floats decoded(size_t i, size_t count) const {
    const Code* const from = static_cast<const Code*>(data_) + i;
    fetch_ahead(from);
    const Ints codes = load_some(from, count, [](const Code* q) HWY_ATTR { return load_codes(q); });
    return hn::Mul(hn::ConvertTo(kF, hn::Sub(codes, zero_)), scale_);
  }
  HWY_INLINE Floats vector(size_t i, size_t count) const {
    if (format_ == Format::kFloat) return load_floats(static_cast<const float*>(data_) + i, count);
    if (format_ == Format::kCode8) return decoded<uint8_t>(i, count);
    return decoded<int16_t>(i, count);
  }

  const void* data_;
  Format format_;
  Ints zero_;
  Floats scale_;
  bool one_for_all_;
  Floats one_;
};

// Writes numbers as a row.
class Writer {
 public:
  HWY_INLINE explicit Writer(const RowResult& row)
      : data_(row.data), format_(row.format), coder_(row.codes) {}

  HWY_INLINE void store(Floats x, size_t i, size_t count) const {
    if (format_ == Format::kFloat) return store_floats(x, static_cast<float*>(data_) + i, count);
    const Ints codes = coder_.code_of(coder_.steps_of(x));
    if (format_ == Format::kCode8) {
      encoded<uint8_t>(codes, i, count);
    } else {
      encoded<int16_t>(codes, i, count);
    }
  }

 private:
  template <typename Code>
  HWY_INLINE void encoded(Ints codes, size_t i, size_t count) const {
    store_some(static_cast<Code*>(data_) + i, count,
               [codes](Code* q) HWY_ATTR { store_codes(codes, q); });
  }

  void* data_;
  Format format_;
  Coder coder_;
};

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

void linear(const LinearArgs& args) {
  const Reader src(args.src);
  const Writer dst(args.dst);
  if (args.step == 0) {
    const Doubles a(hn::Set(kF, *args.a));
    const Doubles b(hn::Set(kF, *args.b));
    for (size_t i = 0; i < args.count; i += kLanes) {
      const size_t left = args.count - i;
      dst.store(linear_of(a, Doubles(src.load(i, left)), b), i, left);
    }
    return;
  }
  for (size_t i = 0; i < args.count; i += kLanes) {
    const size_t left = args.count - i;
    const Doubles a(load_floats(args.a + i, left));
    const Doubles b(load_floats(args.b + i, left));
    dst.store(linear_of(a, Doubles(src.load(i, left)), b), i, left);
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
HWY_EXPORT(linear);
HWY_EXPORT(activate);
HWY_EXPORT(look_up);
HWY_EXPORT(sum_codes);

RowKernels row_kernels() {
  return {&HWY_DYNAMIC_DISPATCH(quantize_codes), &HWY_DYNAMIC_DISPATCH(dequantize_codes),
          &HWY_DYNAMIC_DISPATCH(combine),        &HWY_DYNAMIC_DISPATCH(linear),
          &HWY_DYNAMIC_DISPATCH(activate),       &HWY_DYNAMIC_DISPATCH(look_up),
          &HWY_DYNAMIC_DISPATCH(sum_codes)};
}
}  // namespace tessera::simd
#endif
