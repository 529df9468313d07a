#include "kernels/simd/kernels.h"

#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

void describe(Kernels& kernels) {
  kernels.instruction_set = hwy::TargetName(HWY_TARGET);
  kernels.tile_frames = kTileFrames;
  kernels.blocking = {.rows = kRowsPerBlock, .in_channels = kInPerBlock};
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(describe);

Kernels best_kernels() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  Kernels kernels;
  HWY_DYNAMIC_DISPATCH(describe)(kernels);
  kernels.pointwise = pointwise_kernel();
  kernels.depthwise = depthwise_kernel();
  kernels.rescale = rescale_kernel();
  kernels.normalize = normalize_kernel();
  kernels.binary = binary_kernel();
  kernels.unary = unary_kernel();
  kernels.softmax = softmax_kernel();
  kernels.statistics = statistics_kernel();
  return kernels;
}

}  // namespace tessera::simd
#endif
