#include "tessera/mixed_precision.h"

#include <algorithm>
#include <optional>

#include "compile/observation.h"
#include "compile/output_error.h"
#include "tessera/session.h"

namespace tessera {
namespace {

constexpr size_t kMeasuredWindows = 3;
constexpr size_t kFewWindows = 12;  // so few that each is needed to calibrate on

class Search {
 public:
  Search(const Graph& legal, std::span<const std::vector<float>> windows, Backend& emulator)
      : legal_(legal), windows_(windows), emulator_(emulator) {}

  Result<void> run_in_float(Backend& backend) {
    TESSERA_TRY(Session session, Session::create(legal_, backend));
    for (const auto& window : windows_) {
      TESSERA_TRY(Outputs outputs, session.run(inputs_of(legal_, window)));
      signal_ += energy_of(outputs);
      expected_.push_back(std::move(outputs));
    }
    return {};
  }

  Result<void> quantize_with(const CalibrationStatistics& statistics,
                             const QuantizeOptions& options) {
    TESSERA_TRY(choices_, EncodingChoices::create(legal_, statistics, options));
    return {};
  }

  // Error power of the outputs.
  Result<double> error_of(const Encodings& encodings) {
    TESSERA_TRY(Session session, Session::create(legal_, emulator_, &encodings));
    double error = 0;
    for (size_t w = 0; w < windows_.size(); ++w) {
      TESSERA_TRY(const Outputs outputs, session.run(inputs_of(legal_, windows_[w])));
      error += error_between(outputs, expected_[w]);
    }
    return error;
  }

  // With these values in 16 bits.
  Result<double> error_with(const std::set<std::string>& widen) {
    return error_of(choices_->with(widen));
  }

  double snr_db(double error) const { return ratio_db(signal_, error); }

 private:
  const Graph& legal_;
  std::optional<EncodingChoices> choices_;
  std::span<const std::vector<float>> windows_;
  Backend& emulator_;
  std::vector<Outputs> expected_;
  double signal_ = 0;
};

// Below what 16 bits everywhere keep: near enough, where these are too little.
constexpr double kNearBestDb = 0.1;

// Three windows, perhaps of recordings that ranges were taken from too, do not tell less: on others
// it may be the other way round.
constexpr double kWorthAnObserverDb = 3;

Result<void> check_not_empty(std::span<const std::vector<float>> windows) {
  if (!windows.empty()) return {};
  return TESSERA_ERROR(kInvalidArgument, "mixed precision", "there are no windows to measure on",
                       "give recordings that are long and loud enough");
}

std::set<std::string> first(const std::vector<Sensitivity>& list, size_t count) {
  std::set<std::string> names;
  for (size_t i = 0; i < count; ++i) names.insert(list[i].value);
  return names;
}

}  // namespace

DividedWindows divide_windows(std::span<const std::vector<float>> windows) {
  std::vector<size_t> heard;
  for (size_t w = 0; w < windows.size(); ++w) {
    const bool silent =
        std::all_of(windows[w].begin(), windows[w].end(), [](float x) { return x == 0.0F; });
    if (!silent) heard.push_back(w);
  }
  DividedWindows divided;
  divided.apart = heard.size() >= kFewWindows;
  std::set<size_t> chosen;
  for (size_t k = 0; k < std::min(kMeasuredWindows, heard.size()); ++k)
    chosen.insert(heard[divided.apart ? (2 * k + 1) * heard.size() / (2 * kMeasuredWindows) : k]);
  for (size_t w = 0; w < windows.size(); ++w) {
    if (chosen.contains(w)) divided.measured.push_back(windows[w]);
    if (!chosen.contains(w) || !divided.apart) divided.learned.push_back(windows[w]);
  }
  return divided;
}

Result<ObserverChoice> choose_observer(const Graph& legal, const CalibrationStatistics& statistics,
                                       const QuantizeOptions& options,
                                       std::span<const std::vector<float>> windows,
                                       Backend& in_float, Backend& emulator) {
  TESSERA_TRY_VOID(check_not_empty(windows));
  Search search(legal, windows, emulator);
  TESSERA_TRY_VOID(search.run_in_float(in_float));
  const auto measured = [&](Observer observer) -> Result<ObserverChoice> {
    QuantizeOptions tried = options;
    tried.observer = observer;
    TESSERA_TRY(const Encodings encodings, quantize(legal, statistics, tried));
    TESSERA_TRY(const double error, search.error_of(encodings));
    return ObserverChoice{observer, search.snr_db(error)};
  };
  TESSERA_TRY(const ObserverChoice everything, measured(Observer::min_max));
  ObserverChoice best = everything;
  for (const Observer observer : {Observer::percentile, Observer::mse}) {
    TESSERA_TRY(const ObserverChoice other, measured(observer));
    if (other.snr_db >= everything.snr_db + kWorthAnObserverDb && other.snr_db > best.snr_db)
      best = other;
  }
  return best;
}

Result<MixedPrecision> choose_mixed_precision(const Graph& legal,
                                              const CalibrationStatistics& statistics,
                                              const QuantizeOptions& options, double snr_db,
                                              std::span<const std::vector<float>> windows,
                                              Backend& in_float, Backend& emulator,
                                              const CalibrationProgress& progress) {
  TESSERA_TRY_VOID(check_not_empty(windows));
  Search search(legal, windows, emulator);
  TESSERA_TRY_VOID(search.run_in_float(in_float));
  TESSERA_TRY(const Encodings as_given, quantize(legal, statistics, options));
  TESSERA_TRY(const double narrow, search.error_of(as_given));
  MixedPrecision result{options, search.snr_db(narrow), true, search.snr_db(narrow), {}};
  if (result.snr_db >= snr_db) return result;
  TESSERA_TRY_VOID(search.quantize_with(statistics, options));
  const std::vector<std::string> names = encoded_values(legal, options);
  for (size_t i = 0; i < names.size(); ++i) {
    TESSERA_TRY(const double error, search.error_with({names[i]}));
    result.sensitivities.push_back({names[i], (narrow - error) / narrow});
    if (progress && !progress(static_cast<int64_t>(i + 1), static_cast<int64_t>(names.size()))) {
      return TESSERA_ERROR(kCancelled, "mixed precision", "stopped", "");
    }
  }
  std::stable_sort(result.sensitivities.begin(), result.sensitivities.end(),
                   [](const Sensitivity& a, const Sensitivity& b) { return a.gain > b.gain; });
  // Errors fall with every value widened, nearly: halving finds where they are small enough.
  size_t too_few = 0;
  size_t enough = names.size();
  TESSERA_TRY(double error, search.error_with(first(result.sensitivities, enough)));
  result.reached = search.snr_db(error) >= snr_db;
  const double wanted_db = result.reached ? snr_db : search.snr_db(error) - kNearBestDb;
  while (enough - too_few > 1) {
    const size_t middle = (too_few + enough) / 2;
    TESSERA_TRY(const double at_middle, search.error_with(first(result.sensitivities, middle)));
    if (search.snr_db(at_middle) >= wanted_db) {
      enough = middle;
      error = at_middle;
    } else {
      too_few = middle;
    }
  }
  result.options.widen.merge(first(result.sensitivities, enough));
  result.snr_db = search.snr_db(error);
  return result;
}

}  // namespace tessera
