// What the metrics share: the checks on an estimate and its reference.
#pragma once

#include <span>

#include "tessera/result.h"

namespace tessera {

// Equal, non-zero length and finite samples.
Result<void> check_signal_pair(std::span<const float> estimate, std::span<const float> reference);

double mean_of(std::span<const float> signal);

// Sum of (x - mean)^2.
double energy_of(std::span<const float> signal, double mean);

Error silent_reference_error();

}  // namespace tessera
