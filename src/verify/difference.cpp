#include <cmath>
#include <limits>

#include "base/energy.h"
#include "tessera/compiler/verify.h"

namespace tessera {

ValueDifference difference(ConstValues expected, ConstValues actual) {
  TESSERA_CHECK(expected.size() == actual.size(), "only values of equal number are compared");
  ValueDifference result;
  double energy = 0;
  double actual_energy = 0;
  double product = 0;
  double error = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto e = static_cast<double>(expected[i]);
    const auto a = static_cast<double>(actual[i]);
    // Two infinities or NaNs say nothing about each other: that is no agreement.
    const double apart = std::isfinite(e) && std::isfinite(a)
                             ? std::abs(a - e)
                             : std::numeric_limits<double>::infinity();
    if (apart > result.max_abs) {
      result.max_abs = apart;
      result.worst_at = static_cast<int64_t>(i);
    }
    if (std::isfinite(e)) result.peak = std::max(result.peak, std::abs(e));
    energy += e * e;
    actual_energy += a * a;
    product += e * a;
    error += apart * apart;
  }
  result.snr_db = ratio_db(energy, error);
  const double norms = std::sqrt(energy) * std::sqrt(actual_energy);
  if (norms > 0) result.cosine = product / norms;
  if (norms == 0 && error > 0) result.cosine = 0;
  if (!std::isfinite(result.max_abs)) result.snr_db = -std::numeric_limits<double>::infinity();
  return result;
}

}  // namespace tessera
