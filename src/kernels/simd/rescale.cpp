#include "kernels/simd/rescale.h"

#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/rescale.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

void rescale(const RescaleArgs& args) {
  const Row center = load_row(args.center);
  const Row scale = load_row(args.scale);
  finish_rows(args, [&](size_t c) HWY_ATTR {
    Row product = load_row(args.src + c * kTileFrames);
    multiply_subtract(product, center, hn::Set(kF, args.u[c]));
    Row r = broadcast_row(args.v[c]);
    multiply_add(r, product, scale);
    if (args.residual != nullptr) add(r, load_row(args.residual + c * kTileFrames));
    return r;
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(rescale);
RescaleKernel* rescale_kernel() {
  return &HWY_DYNAMIC_DISPATCH(rescale);
}
}  // namespace tessera::simd
#endif
