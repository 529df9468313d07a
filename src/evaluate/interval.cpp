#include "evaluate/interval.h"

#include <cmath>
#include <limits>

#include <unsupported/Eigen/SpecialFunctions>

#include "tessera/result.h"

namespace tessera {

// P(|T| > t) = I_x(degrees/2, 1/2) with x = degrees / (degrees + t^2): Abramowitz, Stegun,
// "Handbook of Mathematical Functions", 26.5.27 and 26.7.1. I grows with x, which bisection finds.
double student_t_95(int64_t degrees) {
  TESSERA_CHECK(degrees >= 1, "degrees of freedom");
  constexpr double kBeyond = 0.05;
  const auto nu = static_cast<double>(degrees);
  double low = 0;
  double high = 1;
  for (int step = 0; step < 200; ++step) {
    const double x = (low + high) / 2;
    if (x == low || x == high) break;
    (Eigen::numext::betainc(nu / 2, 0.5, x) < kBeyond ? low : high) = x;
  }
  return std::sqrt(nu * (1 - high) / high);
}

MeanInterval mean_interval(std::span<const double> values) {
  MeanInterval result;
  result.count = static_cast<int64_t>(values.size());
  double sum = 0;
  for (double value : values) sum += value;
  const auto count = static_cast<double>(values.size());
  result.mean = values.empty() ? std::numeric_limits<double>::quiet_NaN() : sum / count;
  if (values.size() < 2 || !std::isfinite(result.mean)) return result;
  double squares = 0;
  for (double value : values) squares += (value - result.mean) * (value - result.mean);
  result.half_width =
      student_t_95(result.count - 1) * std::sqrt(squares / (count - 1)) / std::sqrt(count);
  return result;
}

}  // namespace tessera
