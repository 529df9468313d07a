#include "tessera/mixed_precision.h"

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

// Below what 16 bits everywhere keep: near enough, where these are too little.
constexpr double kNearBestDb = 0.1;

// A few passages do not tell less: on others it may be the other way round.
constexpr double kWorthAnObserverDb = 3;

// Widening a value changes how all others round: a passage may lose this by chance.
constexpr double kByChanceDb = 0.05;

std::set<std::string> first(const std::vector<Sensitivity>& list, size_t count) {
  std::set<std::string> names;
  for (size_t i = 0; i < count; ++i) names.insert(list[i].value);
  return names;
}

bool keeps(const HeldOutQuality& quality, double wanted_db, const HeldOutQuality& narrow) {
  for (size_t p = 0; p < quality.snr_db.size(); ++p) {
    if (quality.snr_db[p] < wanted_db) return false;
    if (quality.snr_db[p] < narrow.snr_db[p] - kByChanceDb) return false;
  }
  return true;
}

size_t worst_of(const HeldOutQuality& quality) {
  const auto least = std::min_element(quality.snr_db.begin(), quality.snr_db.end());
  return static_cast<size_t>(least - quality.snr_db.begin());
}

// Each value widened alone, on the passage that keeps least.
Result<std::vector<Sensitivity>> sensitivities_of(HeldOutTrial& trial,
                                                  const QuantizeOptions& options,
                                                  const HeldOutQuality& narrow,
                                                  const CalibrationProgress& progress) {
  const size_t passage = worst_of(narrow);
  std::vector<Sensitivity> sensitivities;
  const std::vector<std::string> names = encoded_values(trial.legal(), options);
  for (const std::string& name : names) {
    if (options.widen.contains(name)) continue;
    TESSERA_TRY(const double db, trial.with_widened({name}, passage));
    sensitivities.push_back({name, 1 - std::pow(10.0, (narrow.snr_db[passage] - db) / 10)});
    if (progress &&
        !progress(static_cast<int64_t>(sensitivities.size()), static_cast<int64_t>(names.size()))) {
      return TESSERA_ERROR(kCancelled, "mixed precision", "stopped", "");
    }
  }
  std::stable_sort(sensitivities.begin(), sensitivities.end(),
                   [](const Sensitivity& a, const Sensitivity& b) { return a.gain > b.gain; });
  return sensitivities;
}

}  // namespace

Result<ObserverChoice> choose_observer(HeldOutTrial& trial, const QuantizeOptions& options) {
  const auto measured = [&](Observer observer) -> Result<ObserverChoice> {
    QuantizeOptions tried = options;
    tried.observer = observer;
    TESSERA_TRY(HeldOutQuality quality, trial.quality(tried));
    return ObserverChoice{observer, std::move(quality)};
  };
  TESSERA_TRY(ObserverChoice best, measured(Observer::min_max));
  const double needed = best.quality.mean_error_db() + kWorthAnObserverDb;
  for (const Observer observer : {Observer::percentile, Observer::mse}) {
    TESSERA_TRY(ObserverChoice other, measured(observer));
    const double db = other.quality.mean_error_db();
    if (db >= needed && db > best.quality.mean_error_db()) best = std::move(other);
  }
  return best;
}

Result<MixedPrecision> choose_mixed_precision(HeldOutTrial& trial, const QuantizeOptions& options,
                                              double snr_db, const CalibrationProgress& progress) {
  TESSERA_TRY(const HeldOutQuality narrow, trial.quality(options));
  MixedPrecision result{options, narrow, narrow, true, {}};
  if (narrow.lowest_db() >= snr_db) return result;
  TESSERA_TRY_VOID(trial.widen_from(options));
  TESSERA_TRY(result.sensitivities, sensitivities_of(trial, options, narrow, progress));
  // Errors fall with every value widened, nearly: halving finds where they are small enough.
  size_t too_few = 0;
  size_t enough = result.sensitivities.size();
  TESSERA_TRY(result.quality, trial.with_widened(first(result.sensitivities, enough)));
  const double best_db = result.quality.lowest_db();
  if (best_db < narrow.lowest_db()) {
    // Bits are not what it lacks.
    result.quality = narrow;
    result.reached = false;
    return result;
  }
  result.reached = best_db >= snr_db;
  const double wanted_db = result.reached ? snr_db : best_db - kNearBestDb;
  while (enough - too_few > 1) {
    const size_t middle = (too_few + enough) / 2;
    TESSERA_TRY(HeldOutQuality quality, trial.with_widened(first(result.sensitivities, middle)));
    if (keeps(quality, wanted_db, narrow)) {
      enough = middle;
      result.quality = std::move(quality);
    } else {
      too_few = middle;
    }
  }
  result.options.widen.merge(first(result.sensitivities, enough));
  return result;
}

}  // namespace tessera
