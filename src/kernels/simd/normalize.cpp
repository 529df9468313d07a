#include "kernels/simd/normalize.h"

#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/normalize.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

void normalize(const NormalizeArgs& args) {
  const bool per_frame = args.frame_scale != nullptr;
  const Row center = per_frame ? load_row(args.frame_center) : broadcast_row(0.0f);
  const Row scale = per_frame ? load_row(args.frame_scale) : broadcast_row(1.0f);
  finish_rows(args, [&](size_t c) HWY_ATTR {
    Row x = load_row(args.src + c * kTileFrames);
    if (per_frame) {
      subtract(x, center);
      multiply(x, scale);
    } else if (args.center != nullptr) {
      subtract(x, broadcast_row(args.center[c]));
    }
    Row r = broadcast_row(args.offset[c]);
    multiply_add(r, x, hn::Set(kF, args.gain[c]));
    return r;
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(normalize);
NormalizeKernel* normalize_kernel() {
  return &HWY_DYNAMIC_DISPATCH(normalize);
}
}  // namespace tessera::simd
#endif
