#include "tessera/compiler/tune.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace tessera {
namespace {

// Below what 16 bits everywhere keep: near enough, where these are too little.
constexpr double kNearBestDb = 0.1;

// Passages held out keep this more than is asked for, and than 8 bits keep: others may keep less.
constexpr double kReserveDb = 1.6;

// Less that a passage beside a pause is to keep: such are rare, and what leaves its ranges there is
// heard for half a second.
constexpr double kRareDb = 3;

// A few passages do not tell less: on others it may be the other way round.
constexpr double kWorthAnObserverDb = 3;

// Values that noise hurts get 16 bits: those that stay can have more room, where a passage leaves
// their ranges.
constexpr double kMoreRoom = 1.5;
constexpr double kMoreRoomForSums = 1.25;

std::set<std::string> first(const std::vector<Sensitivity>& list, size_t count) {
  std::set<std::string> names;
  for (size_t i = 0; i < count; ++i) names.insert(list[i].value);
  return names;
}

// What each passage is to keep for an SNR wanted.
std::vector<double> wanted_of(const HeldOutTrial& trial, double snr_db) {
  std::vector<double> wanted;
  for (const Passage& passage : trial.held_out().passages)
    wanted.push_back(passage.after_pause ? snr_db - kRareDb : snr_db);
  return wanted;
}

// What the passage keeps that lacks most, or has least to spare, beyond what it is to keep.
double spare_db(const HeldOutQuality& quality, std::span<const double> wanted) {
  double least = std::numeric_limits<double>::infinity();
  for (size_t p = 0; p < wanted.size(); ++p) least = std::min(least, quality.snr_db[p] - wanted[p]);
  return least;
}

size_t worst_of(const HeldOutQuality& quality, std::span<const double> wanted) {
  size_t worst = 0;
  for (size_t p = 1; p < wanted.size(); ++p) {
    if (quality.snr_db[p] - wanted[p] < quality.snr_db[worst] - wanted[worst]) worst = p;
  }
  return worst;
}

// Each value widened alone, on one passage.
Result<std::vector<Sensitivity>> sensitivities_of(HeldOutTrial& trial,
                                                  const QuantizeOptions& options, double narrow_db,
                                                  size_t passage,
                                                  const CalibrationProgress& progress) {
  std::vector<Sensitivity> sensitivities;
  const std::vector<std::string> names = encoded_values(trial.legal(), options);
  for (const std::string& name : names) {
    if (options.int16_values.contains(name)) continue;
    TESSERA_TRY(const double db, trial.with_int16_values({name}, passage));
    sensitivities.push_back({name, 1 - std::pow(10.0, (narrow_db - db) / 10)});
    if (progress &&
        !progress(static_cast<int64_t>(sensitivities.size()), static_cast<int64_t>(names.size()))) {
      return TESSERA_ERROR(kCancelled, "mixed precision", "stopped", "");
    }
  }
  std::stable_sort(sensitivities.begin(), sensitivities.end(),
                   [](const Sensitivity& a, const Sensitivity& b) { return a.gain > b.gain; });
  return sensitivities;
}

// More of it where the worst passage keeps more then.
Result<void> give_room(HeldOutTrial& trial, std::span<const double> wanted,
                       MixedPrecision& result) {
  QuantizeOptions roomy = result.options;
  roomy.range_margin *= kMoreRoom;
  roomy.sum_range_margin *= kMoreRoomForSums;
  TESSERA_TRY(HeldOutQuality quality, trial.quality(roomy));
  if (spare_db(quality, wanted) <= spare_db(result.quality, wanted)) return {};
  result.options = std::move(roomy);
  result.quality = std::move(quality);
  return {};
}

}  // namespace

Result<RangeEstimatorChoice> choose_range_estimator(HeldOutTrial& trial,
                                                    const QuantizeOptions& options) {
  const auto measured = [&](RangeEstimator range_estimator) -> Result<RangeEstimatorChoice> {
    QuantizeOptions tried = options;
    tried.range_estimator = range_estimator;
    TESSERA_TRY(HeldOutQuality quality, trial.quality(tried));
    return RangeEstimatorChoice{range_estimator, std::move(quality)};
  };
  TESSERA_TRY(RangeEstimatorChoice best, measured(RangeEstimator::min_max));
  const double needed = best.quality.mean_error_db() + kWorthAnObserverDb;
  for (const RangeEstimator range_estimator : {RangeEstimator::percentile, RangeEstimator::mse}) {
    TESSERA_TRY(RangeEstimatorChoice other, measured(range_estimator));
    const double db = other.quality.mean_error_db();
    if (db >= needed && db > best.quality.mean_error_db()) best = std::move(other);
  }
  return best;
}

Result<MixedPrecision> choose_mixed_precision(HeldOutTrial& trial, const QuantizeOptions& options,
                                              double snr_db, const CalibrationProgress& progress) {
  TESSERA_TRY(const HeldOutQuality int8, trial.quality(options));
  MixedPrecision result{options, int8, int8, true, {}};
  std::vector<double> wanted = wanted_of(trial, snr_db + kReserveDb);
  if (spare_db(int8, wanted) >= 0) return result;
  TESSERA_TRY_VOID(give_room(trial, wanted, result));
  TESSERA_TRY_VOID(trial.set_base_options(result.options));
  const size_t worst = worst_of(result.quality, wanted);
  TESSERA_TRY(
      result.sensitivities,
      sensitivities_of(trial, result.options, result.quality.snr_db[worst], worst, progress));
  // Errors fall with every value widened, nearly: halving finds where they are small enough.
  size_t too_few = 0;
  size_t enough = result.sensitivities.size();
  TESSERA_TRY(result.quality, trial.with_int16_values(first(result.sensitivities, enough)));
  if (result.quality.lowest_db() < int8.lowest_db()) {
    // Bits are not what it lacks.
    return MixedPrecision{options, int8, int8, false, std::move(result.sensitivities)};
  }
  result.reached = spare_db(result.quality, wanted_of(trial, snr_db)) >= 0;
  for (size_t p = 0; p < wanted.size(); ++p) {
    wanted[p] = std::max(wanted[p], int8.snr_db[p] + kReserveDb);
    wanted[p] = std::min(wanted[p], result.quality.snr_db[p] - kNearBestDb);
  }
  while (enough - too_few > 1) {
    const size_t middle = (too_few + enough) / 2;
    TESSERA_TRY(HeldOutQuality quality,
                trial.with_int16_values(first(result.sensitivities, middle)));
    if (spare_db(quality, wanted) >= 0) {
      enough = middle;
      result.quality = std::move(quality);
    } else {
      too_few = middle;
    }
  }
  result.options.int16_values.merge(first(result.sensitivities, enough));
  return result;
}

}  // namespace tessera
