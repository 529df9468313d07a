#include "kernels/simd/unary.h"

#include <algorithm>
#include <cmath>

#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/unary.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>
#include "kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

namespace {

// Calls f(vector, channel) on every vector.
template <class Function>
HWY_INLINE void map(const UnaryArgs& args, const Function& f) {
  for (size_t c = 0; c < args.channels; ++c) {
    const Row x = load_row(args.src + c * kTileFrames);
    store_row({f(x.v0, c), f(x.v1, c), f(x.v2, c)}, args.dst + c * kTileFrames);
  }
}

// For functions that no vector library of ours has: lane by lane.
template <class Function>
void map_scalar(const UnaryArgs& args, const Function& f) {
  const size_t count = args.channels * kTileFrames;
  for (size_t i = 0; i < count; ++i) args.dst[i] = f(args.src[i]);
}

HWY_INLINE Vector sigmoid(Vector x) {
  const Vector one = hn::Set(kF, 1.0f);
  // Clamped to where exp is finite and normal.
  const Vector e =
      hn::Exp(kF, at_most(hn::Set(kF, 88.0f), at_least(hn::Set(kF, -87.0f), hn::Neg(x))));
  const Vector y = hn::Div(one, hn::Add(one, e));
  return hn::IfThenElse(hn::Eq(x, x), y, x);  // NaN stays
}

float erf_scalar(float x) {
  return std::erf(x);
}

float gelu_scalar(float x) {
  return 0.5f * x * (1.0f + std::erf(x * 0.70710678118654752f));
}

float softplus_scalar(float x) {
  return std::max(x, 0.0f) + std::log1p(std::exp(-std::abs(x)));
}

void unary_simple(const UnaryArgs& args) {
  const Vector zero = hn::Zero(kF);
  const Vector one = hn::Set(kF, 1.0f);
  const Vector alpha = hn::Set(kF, args.alpha);
  const Vector beta = hn::Set(kF, args.beta);
  switch (args.op) {
    case UnaryOp::kRelu: return map(args, [&](Vector x, size_t) HWY_ATTR { return relu(x); });
    case UnaryOp::kPrelu:
      return map(
          args, [&](Vector x, size_t c) HWY_ATTR { return prelu(x, hn::Set(kF, args.slopes[c])); });
    case UnaryOp::kHardSigmoid:
      return map(args, [&](Vector x, size_t) HWY_ATTR {
        return at_most(one, at_least(zero, hn::MulAdd(x, alpha, beta)));
      });
    case UnaryOp::kClip:
      return map(args,
                 [&](Vector x, size_t) HWY_ATTR { return at_most(beta, at_least(alpha, x)); });
    case UnaryOp::kSqrt: return map(args, [&](Vector x, size_t) HWY_ATTR { return hn::Sqrt(x); });
    case UnaryOp::kSquare:
      return map(args, [&](Vector x, size_t) HWY_ATTR { return hn::Mul(x, x); });
    case UnaryOp::kReciprocal:
      return map(args, [&](Vector x, size_t) HWY_ATTR { return hn::Div(one, x); });
    case UnaryOp::kAbs: return map(args, [&](Vector x, size_t) HWY_ATTR { return hn::Abs(x); });
    default: return map(args, [&](Vector x, size_t) HWY_ATTR { return hn::Neg(x); });
  }
}

}  // namespace

void unary(const UnaryArgs& args) {
  const float alpha = args.alpha;
  switch (args.op) {
    case UnaryOp::kSigmoid: return map(args, [&](Vector x, size_t) HWY_ATTR { return sigmoid(x); });
    case UnaryOp::kSilu:
      return map(args, [&](Vector x, size_t) HWY_ATTR { return hn::Mul(x, sigmoid(x)); });
    case UnaryOp::kTanh: return map_scalar(args, [](float x) { return std::tanh(x); });
    case UnaryOp::kExp: return map_scalar(args, [](float x) { return std::exp(x); });
    case UnaryOp::kLog: return map_scalar(args, [](float x) { return std::log(x); });
    case UnaryOp::kElu:
      return map_scalar(args, [=](float x) { return x > 0.0f ? x : alpha * std::expm1(x); });
    case UnaryOp::kGelu: return map_scalar(args, gelu_scalar);
    case UnaryOp::kSoftplus: return map_scalar(args, softplus_scalar);
    case UnaryOp::kErf: return map_scalar(args, erf_scalar);
    default: return unary_simple(args);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(unary);
UnaryKernel* unary_kernel() {
  return &HWY_DYNAMIC_DISPATCH(unary);
}
}  // namespace tessera::simd
#endif
