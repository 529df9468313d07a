// Depthwise convolution of one channel along time, in integers:
//   acc[t] = sum_j weights[j] * src[t + offsets[j]]
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simd/integer/requantize.h"

namespace tessera::simd {

struct DepthwiseCodesArgs {
  // Readable at every t + offsets[j], and one vector behind the last (kGuardCodes).
  const void* src = nullptr;
  Format format = Format::kCode8;  // of src
  const int8_t* weights = nullptr;
  const ptrdiff_t* offsets = nullptr;
  size_t taps = 0;
  size_t frames = 0;
  const Requantize* requantize = nullptr;
  size_t channel = 0;  // entry of requantize
  void* dst = nullptr;
};
inline constexpr size_t kGuardCodes = 16;

using DepthwiseCodesKernel = void(const DepthwiseCodesArgs&);
// The kernel for the instruction set in use.
DepthwiseCodesKernel* depthwise_codes_kernel();

}  // namespace tessera::simd
