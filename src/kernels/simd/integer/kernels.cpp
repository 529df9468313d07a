#include "kernels/simd/integer/kernels.h"

#include "kernels/simd/integer/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/integer/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

const char* instruction_set() {
  return hwy::TargetName(HWY_TARGET);
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(instruction_set);

namespace {

// Of the instruction set that was chosen.
IntegerKernels chosen_kernels() {
  return {.instruction_set = HWY_DYNAMIC_DISPATCH(instruction_set)(),
          .products8 = product_kernels(Format::kCode8),
          .products16 = product_kernels(Format::kCode16),
          .depthwise = depthwise_codes_kernel(),
          .rows = row_kernels(),
          .float_products = float_product_kernels()};
}

}  // namespace

#if (HWY_TARGETS & (HWY_TARGETS - 1)) == 0  // one instruction set: nothing to choose

IntegerKernels best_integer_kernels() {
  return chosen_kernels();
}

std::vector<IntegerKernels> all_integer_kernels() {
  return {chosen_kernels()};
}

#else

IntegerKernels best_integer_kernels() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return chosen_kernels();
}

std::vector<IntegerKernels> all_integer_kernels() {
  std::vector<IntegerKernels> all;
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
