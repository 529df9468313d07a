// How far apart are the outputs of two networks?
#pragma once

#include <cmath>
#include <limits>
#include <vector>

namespace tessera::test {

using Outputs = std::vector<std::vector<float>>;

// Largest |a - b| over the largest |a| of each output; infinity where sizes differ or a value is
// NaN.
inline double relative_difference(const Outputs& a, const Outputs& b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a.size() != b.size()) return kInfinity;
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size()) return kInfinity;
    double peak = 1e-6;
    double difference = 0;
    for (size_t k = 0; k < a[i].size(); ++k) {
      peak = std::fmax(peak, std::fabs(static_cast<double>(a[i][k])));
      const double d = std::fabs(static_cast<double>(a[i][k]) - static_cast<double>(b[i][k]));
      difference = std::isnan(d) ? kInfinity : std::fmax(difference, d);
    }
    worst = std::fmax(worst, difference / peak);
  }
  return worst;
}

}  // namespace tessera::test
