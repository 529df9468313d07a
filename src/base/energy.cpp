#include "base/energy.h"

#include <cmath>
#include <limits>

namespace tessera {

double energy_of(std::span<const float> values) {
  double energy = 0;
  for (float x : values) energy += static_cast<double>(x) * static_cast<double>(x);
  return energy;
}

double energy_of(const Outputs& outputs) {
  double energy = 0;
  for (const auto& output : outputs) {
    for (float x : output) energy += static_cast<double>(x) * static_cast<double>(x);
  }
  return energy;
}

double error_between(const Outputs& a, const Outputs& b) {
  double error = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t t = 0; t < a[i].size(); ++t) {
      const double d = static_cast<double>(a[i][t]) - static_cast<double>(b[i][t]);
      error += d * d;
    }
  }
  return error;
}

double ratio_db(double signal, double error) {
  return error > 0 ? 10 * std::log10(signal / error) : std::numeric_limits<double>::infinity();
}

}  // namespace tessera
