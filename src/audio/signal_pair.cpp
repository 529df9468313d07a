#include "audio/signal_pair.h"

#include <cmath>

#include <fmt/format.h>

namespace tessera {
namespace {

Result<void> check_finite_signal(std::span<const float> signal, const char* name) {
  for (size_t i = 0; i < signal.size(); ++i) {
    if (!std::isfinite(signal[i])) {
      return TESSERA_ERROR(kInvalidArgument, name, fmt::format("sample {} is NaN or infinite", i),
                           "a score of it has no meaning");
    }
  }
  return {};
}

}  // namespace

Result<void> check_signal_pair(std::span<const float> estimate, std::span<const float> reference) {
  if (estimate.size() != reference.size()) {
    return TESSERA_ERROR(
        kMismatch, "estimate",
        fmt::format("has {} samples, its reference {}", estimate.size(), reference.size()),
        "compare signals of equal length and rate");
  }
  if (reference.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "reference", "holds no samples", "");
  }
  TESSERA_TRY_VOID(check_finite_signal(estimate, "estimate"));
  return check_finite_signal(reference, "reference");
}

double mean_of(std::span<const float> signal) {
  double sum = 0.0;
  for (const float x : signal) sum += static_cast<double>(x);
  return sum / static_cast<double>(signal.size());
}

double energy_of(std::span<const float> signal, double mean) {
  double sum = 0.0;
  for (const float x : signal) {
    const double deviation = static_cast<double>(x) - mean;
    sum += deviation * deviation;
  }
  return sum;
}

Error silent_reference_error() {
  return TESSERA_ERROR(kInvalidArgument, "reference", "is silent, so no ratio to it exists",
                       "leave this source out");
}

}  // namespace tessera
