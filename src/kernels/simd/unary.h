// A function of every value of one tile: dst[c][t] = f(src[c][t]).
#pragma once

#include <cstddef>

#include "kernels/simd/tile.h"

namespace tessera::simd {

enum class UnaryOp : uint8_t {
  kRelu,
  kPrelu,  // slopes per channel
  kSigmoid,
  kTanh,
  kElu,  // alpha: scale below zero
  kGelu,
  kSilu,
  kSoftplus,
  kHardSigmoid,  // clamp(alpha * x + beta, 0, 1)
  kClip,         // clamp(x, alpha, beta)
  kExp,
  kLog,
  kSqrt,
  kSquare,
  kReciprocal,
  kAbs,
  kNeg,
  kErf,
};

struct UnaryArgs {
  UnaryOp op = UnaryOp::kRelu;
  const float* src = nullptr;  // [channels][F]
  float* dst = nullptr;        // [channels][F]; may be src
  size_t channels = 0;
  const float* slopes = nullptr;  // [channels], for kPrelu
  float alpha = 0.0f;
  float beta = 0.0f;
};

using UnaryKernel = void(const UnaryArgs&);
// The kernel for the instruction set in use.
UnaryKernel* unary_kernel();

}  // namespace tessera::simd
