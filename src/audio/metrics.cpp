#include "tessera/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "audio/signal_pair.h"

namespace tessera {
namespace {

double decibels(double signal, double noise) {
  return 10.0 * std::log10(signal / noise);
}

}  // namespace

Result<double> si_snr_db(std::span<const float> estimate, std::span<const float> reference) {
  TESSERA_TRY_VOID(check_signal_pair(estimate, reference));
  const double estimate_mean = mean_of(estimate);
  const double reference_mean = mean_of(reference);
  const double reference_energy = energy_of(reference, reference_mean);
  // Told by the samples: the mean of a constant may be off by a rounding.
  if (std::all_of(reference.begin(), reference.end(),
                  [&](float x) { return x == reference.front(); })) {
    return silent_reference_error();
  }
  double product = 0.0;
  for (size_t i = 0; i < estimate.size(); ++i) {
    product += (static_cast<double>(estimate[i]) - estimate_mean) *
               (static_cast<double>(reference[i]) - reference_mean);
  }
  const double scale = product / reference_energy;
  double noise_energy = 0.0;
  for (size_t i = 0; i < estimate.size(); ++i) {
    const double target = scale * (static_cast<double>(reference[i]) - reference_mean);
    const double noise = static_cast<double>(estimate[i]) - estimate_mean - target;
    noise_energy += noise * noise;
  }
  const double target_energy = scale * scale * reference_energy;
  if (target_energy == 0.0) return -std::numeric_limits<double>::infinity();
  return decibels(target_energy, noise_energy);
}

Result<double> snr_db(std::span<const float> estimate, std::span<const float> reference) {
  TESSERA_TRY_VOID(check_signal_pair(estimate, reference));
  const double reference_energy = energy_of(reference, 0.0);
  if (reference_energy == 0.0) return silent_reference_error();
  double noise_energy = 0.0;
  for (size_t i = 0; i < estimate.size(); ++i) {
    const double noise = static_cast<double>(reference[i]) - static_cast<double>(estimate[i]);
    noise_energy += noise * noise;
  }
  return decibels(reference_energy, noise_energy);
}

double rescale_to_mixture(std::span<std::vector<float>> sources, std::span<const float> mixture) {
  double mixture_sum = 0.0;
  for (const float x : mixture) mixture_sum += std::fabs(static_cast<double>(x));
  double source_sum = 0.0;
  for (const std::vector<float>& source : sources) {
    for (const float x : source) source_sum += std::fabs(static_cast<double>(x));
  }
  if (source_sum == 0.0) return 1.0;
  const double factor = mixture_sum / source_sum;
  for (std::vector<float>& source : sources) {
    for (float& x : source) x = static_cast<float>(factor * static_cast<double>(x));
  }
  return factor;
}

}  // namespace tessera
