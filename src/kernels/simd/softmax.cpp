#include "kernels/simd/softmax.h"

#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/softmax.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>
#include "kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

void softmax(const SoftmaxArgs& args) {
  const size_t step = args.step * kTileFrames;
  Row largest = load_row(args.src);
  for (size_t i = 1; i < args.count; ++i) {
    const Row x = load_row(args.src + i * step);
    largest = {hn::Max(largest.v0, x.v0), hn::Max(largest.v1, x.v1), hn::Max(largest.v2, x.v2)};
  }
  Row sum = broadcast_row(0.0f);
  for (size_t i = 0; i < args.count; ++i) {
    const Row x = load_row(args.src + i * step);
    const Row e = {hn::Exp(kF, hn::Sub(x.v0, largest.v0)), hn::Exp(kF, hn::Sub(x.v1, largest.v1)),
                   hn::Exp(kF, hn::Sub(x.v2, largest.v2))};
    add(sum, e);
    store_row(e, args.dst + i * step);
  }
  const Row one = broadcast_row(1.0f);
  const Row factor = {hn::Div(one.v0, sum.v0), hn::Div(one.v1, sum.v1), hn::Div(one.v2, sum.v2)};
  for (size_t i = 0; i < args.count; ++i) {
    Row e = load_row(args.dst + i * step);
    multiply(e, factor);
    store_row(e, args.dst + i * step);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(softmax);
SoftmaxKernel* softmax_kernel() {
  return &HWY_DYNAMIC_DISPATCH(softmax);
}
}  // namespace tessera::simd
#endif
