#include <ATen/ATen.h>

#include "backends/torch/plugin/arithmetic.h"

namespace tessera::torch_plugin {
namespace {

struct Moments {
  at::Tensor mean;
  at::Tensor variance;  // biased
};

Moments moments_over(const at::Tensor& x, at::IntArrayRef axes) {
  auto [variance, mean] = at::var_mean(x, axes, /*unbiased=*/false, /*keepdim=*/true);
  return {mean, variance};
}

// For frame t over (C, frames 0..t). Values are taken relative to their overall mean, which keeps
// the difference of squares from cancelling.
Moments cumulative_moments(const at::Tensor& x) {
  const at::Tensor center = x.mean(std::array<int64_t, 2>{1, 3}, /*keepdim=*/true);
  const at::Tensor moved = x - center;
  const at::Tensor count =
      at::arange(1, x.size(3) + 1, x.options()).view({1, 1, 1, x.size(3)}) * x.size(1);
  const at::Tensor mean = moved.sum(1, /*keepdim=*/true).cumsum(3) / count;
  const at::Tensor square = moved.square().sum(1, /*keepdim=*/true).cumsum(3) / count;
  return {mean + center, at::clamp_min(square - mean.square(), 0)};
}

// `x` is float64.
Moments moments_of(NormKind kind, const at::Tensor& x) {
  switch (kind) {
    case NormKind::global: return moments_over(x, std::array<int64_t, 2>{1, 3});
    case NormKind::feature_wise: return moments_over(x, 3);
    case NormKind::channel_wise: return moments_over(x, 1);
    default: return cumulative_moments(x);
  }
}

}  // namespace

at::Tensor norm(const Norm& op, const at::Tensor& x) {
  const at::Tensor wide = x.to(at::kDouble);
  const Moments moments = op.kind == NormKind::batch
                              ? Moments{per_channel(op.mean), per_channel(op.variance)}
                              : moments_of(op.kind, wide);
  const at::Tensor unit =
      (wide - moments.mean) / at::sqrt(moments.variance.to(at::kDouble) + op.eps);
  return (unit * per_channel(op.gamma) + per_channel(op.beta)).to(at::kFloat);
}

at::Tensor norm_statistics(const NormStatistics& op, const at::Tensor& x) {
  const Moments moments = moments_of(op.kind, x.to(at::kDouble));
  const at::Tensor r = at::rsqrt(moments.variance + op.eps);
  const at::Tensor scale = r * per_channel(op.gamma);
  const at::Tensor shift = per_channel(op.beta) - moments.mean * r * per_channel(op.center);
  return at::cat({scale, shift}, 1).to(at::kFloat);
}

at::Tensor scale_shift(const at::Tensor& x, const at::Tensor& ab) {
  const std::vector<at::Tensor> halves = ab.chunk(2, 1);
  return at::addcmul(halves[1], x, halves[0]);
}

}  // namespace tessera::torch_plugin
