#include <cmath>
#include <numbers>

#include "kernels/ref/reference_kernels.h"

namespace tessera::reference {
namespace {

// Applies `function` (double -> double) to every element.
template <typename Function>
void map(const Source& src, const Target& dst, Function&& function) {
  for (int64_t i = 0; i < src.shape.size(); ++i)
    dst.values[i] = static_cast<float>(function(static_cast<double>(src.values[i])));
}

void prelu(const Tensor& slope, const Source& src, const Target& dst) {
  const int64_t row_elements = src.shape.h * src.shape.w;
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const auto factor = static_cast<double>(slope[slope.size() == 1 ? 0 : c]);
    for (int64_t i = c * row_elements; i < (c + 1) * row_elements; ++i) {
      const auto x = static_cast<double>(src.values[i]);
      dst.values[i] = static_cast<float>(x >= 0 ? x : factor * x);
    }
  }
}

// NaN stays NaN: comparisons are written so that it falls through.
double clipped(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

}  // namespace

void unary(const Unary& op, const Source& src, const Target& dst) {
  const double alpha = op.alpha;
  const double beta = op.beta;
  switch (op.kind) {
    case UnaryKind::relu: return map(src, dst, [](double x) { return x < 0 ? 0.0 : x; });
    case UnaryKind::prelu: return prelu(op.slope, src, dst);
    case UnaryKind::sigmoid: return map(src, dst, [](double x) { return 1 / (1 + std::exp(-x)); });
    case UnaryKind::tanh: return map(src, dst, [](double x) { return std::tanh(x); });
    case UnaryKind::elu:
      return map(src, dst, [=](double x) { return x > 0 ? x : alpha * std::expm1(x); });
    case UnaryKind::gelu:
      return map(src, dst,
                 [](double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); });
    case UnaryKind::silu: return map(src, dst, [](double x) { return x / (1 + std::exp(-x)); });
    case UnaryKind::softplus:
      return map(src, dst,
                 [](double x) { return (x > 0 ? x : 0.0) + std::log1p(std::exp(-std::abs(x))); });
    case UnaryKind::hard_sigmoid:
      return map(src, dst, [=](double x) { return clipped(alpha * x + beta, 0, 1); });
    case UnaryKind::clip: return map(src, dst, [=](double x) { return clipped(x, alpha, beta); });
    case UnaryKind::exp: return map(src, dst, [](double x) { return std::exp(x); });
    case UnaryKind::log: return map(src, dst, [](double x) { return std::log(x); });
    case UnaryKind::sqrt: return map(src, dst, [](double x) { return std::sqrt(x); });
    case UnaryKind::square: return map(src, dst, [](double x) { return x * x; });
    case UnaryKind::reciprocal: return map(src, dst, [](double x) { return 1 / x; });
    case UnaryKind::abs: return map(src, dst, [](double x) { return std::abs(x); });
    case UnaryKind::neg: return map(src, dst, [](double x) { return -x; });
    case UnaryKind::erf: return map(src, dst, [](double x) { return std::erf(x); });
  }
}

}  // namespace tessera::reference
