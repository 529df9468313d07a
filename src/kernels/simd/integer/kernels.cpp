#include "kernels/simd/integer/kernels.h"

#include "kernels/simd/integer/targets.h"
#include "kernels/simd/integer/tile_product.h"
#include "kernels/simd/integer/tile_unit.h"

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
          .frame_norms = frame_norm_kernels(),
          .float_products = float_product_kernels()};
}

// The same with the products of the matrix unit; as they are where there is none.
IntegerKernels with_tile_unit(IntegerKernels kernels) {
  const ProductKernels products8 = tile_product_kernels(Format::kCode8);
  if (products8.product == nullptr || !may_use_tile_unit()) return kernels;
  kernels.instruction_set = "AVX3_DL and AMX";
  kernels.products8 = products8;
  kernels.products16 = tile_product_kernels(Format::kCode16);
  return kernels;
}

}  // namespace

#if (HWY_TARGETS & (HWY_TARGETS - 1)) == 0  // one instruction set: nothing to choose

IntegerKernels best_integer_kernels() {
  return with_tile_unit(chosen_kernels());
}

std::vector<IntegerKernels> all_integer_kernels() {
  return {with_tile_unit(chosen_kernels())};
}

#else

IntegerKernels best_integer_kernels() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return with_tile_unit(chosen_kernels());
}

std::vector<IntegerKernels> all_integer_kernels() {
  std::vector<IntegerKernels> all;
  for (int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::GetChosenTarget().Update(target);
    all.push_back(chosen_kernels());
    const IntegerKernels with_tiles = with_tile_unit(all.back());
    if (with_tiles.products8.product != all.back().products8.product) all.push_back(with_tiles);
  }
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return all;
}

#endif

}  // namespace tessera::simd
#endif
