// Runs a test body once for each instruction set that this processor has and this build contains.
#pragma once

#include <gtest/gtest.h>

#include "kernels/simd/kernels.h"
#include "kernels/simd/targets.h"

#include <hwy/highway.h>

namespace tessera::simd::test {

template <class Body>
void each_instruction_set(const Body& body) {
  for (int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    const Kernels kernels = best_kernels();
    SCOPED_TRACE(kernels.instruction_set);
    EXPECT_STREQ(kernels.instruction_set, hwy::TargetName(target));
    body(kernels);
    if (::testing::Test::HasFatalFailure()) break;
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace tessera::simd::test
