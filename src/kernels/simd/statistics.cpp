#include "kernels/simd/statistics.h"

#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/statistics.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

void statistics(const StatisticsArgs& args) {
  visit_rows(
      args.statistics, args.valid_frames, args.sums, args.channels,
      [&](size_t c) HWY_ATTR { return load_row(args.src + c * kTileFrames); },
      [](const Row&, size_t) HWY_ATTR {});
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(statistics);
StatisticsKernel* statistics_kernel() {
  return &HWY_DYNAMIC_DISPATCH(statistics);
}
}  // namespace tessera::simd
#endif
