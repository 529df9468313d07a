#include "kernels/simd/kernels.h"

#include <unistd.h>

#include <algorithm>

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
  kernels.blocking.rows = kRowsPerBlock;
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(describe);

namespace {

// A product's panel takes three quarters of the first-level cache and leaves the rest to weights.
size_t channels_per_panel(size_t tile_frames) {
  constexpr long kAtLeast = 16 << 10;
  constexpr long kAtMost = 256 << 10;
  constexpr long kUsual = 32 << 10;  // where the system does not say
  const long told = sysconf(_SC_LEVEL1_DCACHE_SIZE);
  const auto cache = static_cast<size_t>(std::clamp(told > 0 ? told : kUsual, kAtLeast, kAtMost));
  constexpr size_t kUnroll = PointwiseBlocking::kUnroll;
  return cache / 4 * 3 / (tile_frames * sizeof(float)) / kUnroll * kUnroll;
}

// Of the instruction set that was chosen.
Kernels chosen_kernels() {
  Kernels kernels;
  HWY_DYNAMIC_DISPATCH(describe)(kernels);
  kernels.blocking.in_channels = channels_per_panel(kernels.tile_frames);
  kernels.pointwise = pointwise_kernel();
  kernels.depthwise = depthwise_kernel();
  kernels.rescale = rescale_kernel();
  kernels.normalize = normalize_kernel();
  kernels.binary = binary_kernel();
  kernels.unary = unary_kernel();
  kernels.softmax = softmax_kernel();
  kernels.statistics = statistics_kernel();
  kernels.frames = frame_kernels();
  return kernels;
}

}  // namespace

#if (HWY_TARGETS & (HWY_TARGETS - 1)) == 0  // one instruction set: nothing to choose

Kernels best_kernels() {
  return chosen_kernels();
}

std::vector<Kernels> all_kernels() {
  return {chosen_kernels()};
}

#else

Kernels best_kernels() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return chosen_kernels();
}

std::vector<Kernels> all_kernels() {
  std::vector<Kernels> all;
  for (int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::GetChosenTarget().Update(target);
    all.push_back(chosen_kernels());
  }
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return all;
}

#endif

}  // namespace tessera::simd
#endif
