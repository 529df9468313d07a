// Runs a test body once for each instruction set that this processor has and this build contains.
#pragma once

#include <gtest/gtest.h>

#include "kernels/simd/kernels.h"

namespace tessera::simd::test {

template <class Body>
void each_instruction_set(const Body& body) {
  for (const Kernels& kernels : all_kernels()) {
    SCOPED_TRACE(kernels.instruction_set);
    body(kernels);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace tessera::simd::test
