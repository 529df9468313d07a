// Synchrony: how much the latents of two devices move together, and which of them leads.
//
// Cross-correlation at lag l (in latents): the mean over the dimensions of Pearson's r between a(t)
// and b(t + l), where both exist; dimensions that are constant in either are left out. A positive
// lag says that b follows a.
//
// Phase locking value (Lachaux et al., "Measuring phase synchrony in brain signals", Human Brain
// Mapping 8, 1999):
//   PLV = |1/N sum_t exp(i (phi_a(t) - phi_b(t)))|,
// phi the phase of the analytic signal (Hilbert transform by FFT) of each device's latents
// projected on the first principal component of both together, about their means. 1: the difference
// of phase never changes; near 0: it takes all values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "serve/latent_series.h"
#include "tessera/result.h"

namespace tessera {

struct Synchrony {
  int64_t count = 0;  // of latents that were compared
  int64_t max_lag = 0;
  // At lags -max_lag .. max_lag; nullopt where no dimension varies in both.
  std::vector<std::optional<double>> correlation;
  int64_t best_lag = 0;  // of the largest correlation; the smallest of such lags
  std::optional<double> best_correlation;
  std::optional<double> phase_locking;     // nullopt where a device does not move
  std::optional<double> phase_difference;  // of a minus b, radians, the mean direction
};

inline constexpr int64_t kMinSynchronyLatents = 16;

// The last min(count) latents of both, which end at the same time. Errors: kInvalidArgument for
// fewer than kMinSynchronyLatents, other dimensions, or a lag that leaves fewer than half of them.
Result<Synchrony> synchrony(const LatentSeries& a, const LatentSeries& b, int64_t max_lag,
                            const std::function<bool()>& is_cancelled = {});

}  // namespace tessera
