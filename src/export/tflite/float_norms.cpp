#include "export/tflite/float_ops.h"

namespace tessera::tflite {
namespace {

constexpr int32_t kTime = 2;
constexpr int32_t kChannels = 3;

TensorId inverse_root(Emitter& out, TensorId variance, double eps) {
  const TensorId stable = out.binary(Operator::add, variance, out.scalar("eps", eps), "stable");
  return out.unary(Operator::rsqrt, stable, "inverse");
}

// Over whole dimensions.
Moments moments_over(Emitter& out, const std::vector<int32_t>& dimensions, double eps, TensorId x) {
  const TensorId mean = out.reduce(Operator::mean, x, dimensions, "mean");
  const TensorId centered = out.binary(Operator::sub, x, mean, "centered");
  const TensorId square = out.binary(Operator::mul, centered, centered, "square");
  const TensorId variance = out.reduce(Operator::mean, square, dimensions, "variance");
  return {mean, centered, inverse_root(out, variance, eps)};
}

// Sums over channels and past frames, over how many there are.
Moments running_moments(Emitter& out, double eps, TensorId x, const Shape& shape) {
  std::vector<float> counts;
  for (int64_t t = 1; t <= shape.w; ++t) counts.push_back(static_cast<float>(t * shape.c));
  const TensorId count =
      out.file.floats(out.node.name + ".count", counts, {1, 1, static_cast<int32_t>(shape.w), 1});
  const auto mean_of = [&](TensorId value, const std::string& what) {
    const TensorId sum = out.reduce(Operator::sum, value, {kChannels}, what + "_sum");
    return out.binary(Operator::div, out.cumulative_sum(sum, what + "_total"), count, what);
  };
  const TensorId mean = mean_of(x, "mean");
  const TensorId power = mean_of(out.binary(Operator::mul, x, x, "square"), "power");
  const TensorId mean_squared = out.binary(Operator::mul, mean, mean, "mean_squared");
  // Rounding may leave a little less than 0 of a difference that is 0.
  const TensorId difference = out.binary(Operator::sub, power, mean_squared, "difference");
  const TensorId variance = out.unary(Operator::relu, difference, "variance");
  const TensorId centered = out.binary(Operator::sub, x, mean, "centered");
  return {mean, centered, inverse_root(out, variance, eps)};
}

}  // namespace

Moments write_moments(Emitter& out, NormKind kind, double eps, TensorId x, const Shape& shape) {
  switch (kind) {
    case NormKind::cumulative: return running_moments(out, eps, x, shape);
    case NormKind::feature_wise: return moments_over(out, {kTime}, eps, x);
    case NormKind::channel_wise: return moments_over(out, {kChannels}, eps, x);
    default: return moments_over(out, {kTime, kChannels}, eps, x);
  }
}

}  // namespace tessera::tflite
