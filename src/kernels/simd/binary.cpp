#include "kernels/simd/binary.h"

#include <cmath>

#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/binary.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

namespace {

HWY_INLINE Row load_operand(const float* row, bool one_frame) {
  return one_frame ? broadcast_row(row[0]) : load_row(row);
}

// Calls combine(vector, vector) on every vector of every row.
template <class Combine>
HWY_INLINE void for_each_row(const BinaryArgs& args, const Combine& combine) {
  finish_rows(args, [&](size_t c) HWY_ATTR {
    const Row a = load_operand(args.a + c * args.a_step, args.a_one_frame);
    const Row b = load_operand(args.b + c * args.b_step, args.b_one_frame);
    return Row(combine(a.v0, b.v0), combine(a.v1, b.v1), combine(a.v2, b.v2));
  });
}

// No vector instruction does this one: lane by lane.
Vector power(Vector a, Vector b) {
  alignas(kAlignmentBytes) float base[kLanes];
  alignas(kAlignmentBytes) float exponent[kLanes];
  hn::Store(a, kF, base);
  hn::Store(b, kF, exponent);
  for (size_t i = 0; i < kLanes; ++i) base[i] = std::pow(base[i], exponent[i]);
  return hn::Load(kF, base);
}

}  // namespace

void binary(const BinaryArgs& args) {
  switch (args.op) {
    case BinaryOp::kAdd:
      return for_each_row(args, [](Vector a, Vector b) HWY_ATTR { return hn::Add(a, b); });
    case BinaryOp::kSub:
      return for_each_row(args, [](Vector a, Vector b) HWY_ATTR { return hn::Sub(a, b); });
    case BinaryOp::kMul:
      return for_each_row(args, [](Vector a, Vector b) HWY_ATTR { return hn::Mul(a, b); });
    case BinaryOp::kDiv:
      return for_each_row(args, [](Vector a, Vector b) HWY_ATTR { return hn::Div(a, b); });
    case BinaryOp::kMax:
      return for_each_row(args, [](Vector a, Vector b) HWY_ATTR { return hn::Max(a, b); });
    case BinaryOp::kMin:
      return for_each_row(args, [](Vector a, Vector b) HWY_ATTR { return hn::Min(a, b); });
    case BinaryOp::kPow:
      return for_each_row(args, [](Vector a, Vector b) HWY_ATTR { return power(a, b); });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(binary);
BinaryKernel* binary_kernel() {
  return &HWY_DYNAMIC_DISPATCH(binary);
}
}  // namespace tessera::simd
#endif
