// The sums in twice double precision of kernels/ref/exact_sum.h, operation by operation, a vector
// of them at a time. Compiled once per instruction set.
#if defined(TESSERA_KERNELS_SIMD_INTEGER_EXACT_SUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TESSERA_KERNELS_SIMD_INTEGER_EXACT_SUM_INL_H_
#undef TESSERA_KERNELS_SIMD_INTEGER_EXACT_SUM_INL_H_
#else
#define TESSERA_KERNELS_SIMD_INTEGER_EXACT_SUM_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using WideTag = hn::ScalableTag<double>;
using Wide = hn::Vec<WideTag>;
inline constexpr WideTag kW;

struct ExactSum {
  HWY_INLINE ExactSum(Wide high, Wide low) : hi(high), lo(low) {}
  HWY_INLINE Wide value() const { return hn::Add(hi, lo); }

  Wide hi;
  Wide lo;
};

HWY_INLINE ExactSum exact_add(Wide a, Wide b) {
  const Wide sum = hn::Add(a, b);
  const Wide part = hn::Sub(sum, a);
  return {sum, hn::Add(hn::Sub(a, hn::Sub(sum, part)), hn::Sub(b, part))};
}

HWY_INLINE ExactSum exact_halves(Wide x) {
  const Wide scaled = hn::Mul(hn::Set(kW, 134217729.0), x);  // 2^27 + 1
  const Wide high = hn::Sub(scaled, hn::Sub(scaled, x));
  return {high, hn::Sub(x, high)};
}
HWY_INLINE ExactSum exact_multiply(Wide a, Wide b) {
  const Wide product = hn::Mul(a, b);
  const ExactSum x = exact_halves(a);
  const ExactSum y = exact_halves(b);
  Wide rest = hn::Sub(hn::Mul(x.hi, y.hi), product);
  rest = hn::Add(rest, hn::Mul(x.hi, y.lo));
  rest = hn::Add(rest, hn::Mul(x.lo, y.hi));
  return {product, hn::Add(rest, hn::Mul(x.lo, y.lo))};
}

HWY_INLINE ExactSum add(const ExactSum& a, const ExactSum& b) {
  const ExactSum high = exact_add(a.hi, b.hi);
  const ExactSum low = exact_add(a.lo, b.lo);
  const ExactSum partial = exact_add(high.hi, hn::Add(high.lo, low.hi));
  return exact_add(partial.hi, hn::Add(partial.lo, low.lo));
}
HWY_INLINE ExactSum negated(const ExactSum& a) {
  return {hn::Neg(a.hi), hn::Neg(a.lo)};
}
HWY_INLINE ExactSum multiply(const ExactSum& a, const ExactSum& b) {
  const ExactSum high = exact_multiply(a.hi, b.hi);
  const Wide mixed = hn::Add(hn::Mul(a.hi, b.lo), hn::Mul(a.lo, b.hi));
  return exact_add(high.hi, hn::Add(high.lo, mixed));
}
HWY_INLINE ExactSum divide(const ExactSum& a, Wide b) {
  const Wide first = hn::Div(a.hi, b);
  const ExactSum rest = add(a, negated(exact_multiply(first, b)));
  return exact_add(first, hn::Div(rest.value(), b));
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#endif
