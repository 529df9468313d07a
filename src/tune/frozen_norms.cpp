#include "tessera/compiler/tune.h"

#include <algorithm>
#include <optional>

#include "base/energy.h"
#include "calibrate/windows.h"
#include "rewrite/legalize.h"
#include "tessera/session.h"

namespace tessera {
namespace {

using Names = std::set<std::string>;

std::map<std::string, NormConstants> constants_of(
    const std::map<std::string, NormConstants>& constants, const Names& frozen) {
  std::map<std::string, NormConstants> chosen;
  for (const std::string& name : frozen) {
    if (const auto found = constants.find(name); found != constants.end()) chosen.insert(*found);
  }
  return chosen;
}

std::vector<ConstValues> some_of(std::span<const std::vector<float>> windows, size_t most) {
  std::vector<ConstValues> chosen;
  for (size_t i : evenly_spread(windows.size(), std::max<size_t>(most, 1)))
    chosen.emplace_back(windows[i]);
  return chosen;
}

class Search {
 public:
  Search(const Graph& imported, const Graph& windowed, const Target& target,
         const std::map<std::string, NormConstants>& constants, std::vector<ConstValues> windows,
         const FrozenNormsOptions& options, Backend& backend)
      : imported_(imported),
        windowed_(windowed),
        target_(target),
        constants_(constants),
        windows_(std::move(windows)),
        options_(options),
        backend_(backend) {}

  Result<void> run_exact() {
    TESSERA_TRY(Session session, Session::create(windowed_, backend_));
    for (const ConstValues window : windows_) {
      TESSERA_TRY(Outputs outputs, session.run(inputs_of(windowed_, window)));
      signal_ += energy_of(outputs);
      expected_.push_back(std::move(outputs));
    }
    return {};
  }

  // Power of the outputs' error, all windows together.
  Result<double> error_of(const Names& frozen) {
    if (frozen.empty()) return 0.0;
    TESSERA_TRY(const Graph graph, with_frozen_norms(windowed_, constants_, frozen));
    TESSERA_TRY(Session session, Session::create(graph, backend_));
    double error = 0;
    for (size_t w = 0; w < windows_.size(); ++w) {
      TESSERA_TRY(const Outputs outputs, session.run(inputs_of(graph, windows_[w])));
      error += error_between(outputs, expected_[w]);
    }
    return error;
  }

  Result<FrozenNormsPoint> point_of(Names frozen) {
    TESSERA_TRY(const Plan plan, plan_of(frozen));
    TESSERA_TRY(const double error, error_of(frozen));
    FrozenNormsPoint point;
    point.snr_db = ratio_db(signal_, error);
    point.loss_db = loss_for_snr_db(point.snr_db);
    point.frozen = std::move(frozen);
    point.segments = static_cast<int64_t>(plan.segments.size());
    point.calls = plan.cost.calls;
    point.seconds = plan.cost.seconds();
    return point;
  }

  // None where that network has no plan.
  std::optional<double> seconds_of(const Names& frozen) {
    const Result<Plan> plan = plan_of(frozen);
    return plan ? std::optional(plan->cost.seconds()) : std::nullopt;
  }

 private:
  Result<Plan> plan_of(const Names& frozen) {
    Graph graph = imported_;
    RewriteParameters parameters;
    parameters.calibrated = constants_of(constants_, frozen);
    TESSERA_TRY_VOID(legalize(graph, parameters));
    return make_plan(graph, target_, options_.plan);
  }

  const Graph& imported_;
  const Graph& windowed_;
  const Target& target_;
  const std::map<std::string, NormConstants>& constants_;
  std::vector<ConstValues> windows_;
  const FrozenNormsOptions& options_;
  Backend& backend_;
  std::vector<Outputs> expected_;
  double signal_ = 0;
};

// A norm not yet frozen. What freezing it saves falls, or stays, as others are frozen: the calls
// it would save may have gone already. So a stale saving is the most there can be.
struct Candidate {
  std::string norm;
  double error = 0;    // that it adds alone
  double saved_s = 0;  // by its last measurement
  size_t measured_at = 0;

  double worth() const { return saved_s / std::max(error, 1e-30); }
};

// The worthiest candidate, moved to the end of the list; false if none saves time. Minoux:
// "Accelerated greedy algorithms for maximizing submodular set functions", 1978.
Result<bool> find_worthiest(Search& search, const FrozenNormsPoint& now, size_t step,
                            std::vector<Candidate>& candidates) {
  constexpr double kMinSaving = 1e-3;  // of the time there is now
  while (true) {
    const auto best = std::max_element(
        candidates.begin(), candidates.end(),
        [](const Candidate& a, const Candidate& b) { return a.worth() < b.worth(); });
    if (best == candidates.end() || best->saved_s <= kMinSaving * now.seconds) return false;
    if (best->measured_at == step) {
      std::iter_swap(best, candidates.end() - 1);
      return true;
    }
    Names with = now.frozen;
    with.insert(best->norm);
    best->saved_s = now.seconds - search.seconds_of(with).value_or(now.seconds);
    best->measured_at = step;
  }
}

}  // namespace

std::string_view to_string(NormMode mode) {
  switch (mode) {
    case NormMode::exact: return "exact";
    case NormMode::frozen: return "frozen";
    case NormMode::budget: return "budget";
  }
  return "";
}

Result<Graph> with_frozen_norms(Graph graph, const std::map<std::string, NormConstants>& constants,
                                const std::set<std::string>& frozen) {
  RewriteOptions freeze;
  freeze.only = {"freeze_global_norm"};
  freeze.parameters.calibrated = constants_of(constants, frozen);
  TESSERA_TRY_VOID(rewrite(graph, freeze));
  return graph;
}

const FrozenNormsPoint& FrozenNormsCurve::within(double loss_db) const {
  const FrozenNormsPoint* best = &points.front();
  const auto consider = [&](const FrozenNormsPoint& point) {
    if (point.loss_db <= loss_db && point.seconds < best->seconds) best = &point;
  };
  std::for_each(points.begin(), points.end(), consider);
  consider(all);
  return *best;
}

Result<FrozenNormsCurve> measure_frozen_norms(const Graph& imported, const Graph& windowed,
                                              const Target& target,
                                              const std::map<std::string, NormConstants>& constants,
                                              std::span<const std::vector<float>> windows,
                                              const FrozenNormsOptions& options, Backend& backend,
                                              const CalibrationProgress& progress) {
  if (windows.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "frozen norms", "there are no windows to measure on",
                         "give recordings that are long and loud enough");
  }
  Search search(imported, windowed, target, constants, some_of(windows, options.measured_windows),
                options, backend);
  TESSERA_TRY_VOID(search.run_exact());
  FrozenNormsCurve curve;
  TESSERA_TRY(FrozenNormsPoint point, search.point_of({}));
  curve.points.push_back(std::move(point));
  std::vector<Candidate> candidates;
  Names all;
  for (const std::string& name : freezable_norms(imported)) {
    if (!constants.contains(name)) continue;
    all.insert(name);
    TESSERA_TRY(const double error, search.error_of({name}));
    candidates.push_back({name, error, curve.points[0].seconds, 0});
  }
  TESSERA_TRY(curve.all, search.point_of(all));
  const auto count = static_cast<int64_t>(candidates.size());
  for (size_t step = 1; !candidates.empty(); ++step) {
    const FrozenNormsPoint& now = curve.points.back();
    if (now.loss_db > options.stop_loss_db) break;
    TESSERA_TRY(const bool found, find_worthiest(search, now, step, candidates));
    if (!found) break;
    Names frozen = now.frozen;
    frozen.insert(candidates.back().norm);
    candidates.pop_back();
    TESSERA_TRY(FrozenNormsPoint next, search.point_of(std::move(frozen)));
    curve.points.push_back(std::move(next));
    if (progress && !progress(static_cast<int64_t>(step), count)) {
      return TESSERA_ERROR(kCancelled, "frozen norms", "stopped", "");
    }
  }
  return curve;
}

}  // namespace tessera
