#include "tessera/compiler/bisect.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <queue>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "bisect/fake_quantized.h"
#include "bisect/largest_snr_drops.h"
#include "bisect/source_references.h"
#include "bisect/trial_log.h"
#include "calibrate/windows.h"
#include "tessera/backend.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/session.h"

namespace tessera {
namespace {

// Errors of independent roundings add up to all of the error; below this share they do not.
constexpr double kExplained = 0.5;
// What leaving out one item must take away to be worth a row.
constexpr double kRelief = 0.2;

std::string binding_of(const Graph& original, const std::string& package_hash,
                       std::span<const ConstValues> inputs, const Outputs& references) {
  ContentHasher hasher;
  hasher.update(calibration_binding(original, {}));
  hasher.update(package_hash);
  for (ConstValues values : inputs) hasher.update(values);
  for (const auto& reference : references) hasher.update(std::span<const float>(reference));
  return hasher.hex();
}

Result<void> check_bisected_ports(const std::vector<Port>& a, const std::vector<Port>& b,
                                  std::string_view kind) {
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const bool same = i < a.size() && i < b.size() && a[i].shape == b[i].shape;
    if (same) continue;
    return TESSERA_ERROR(
        kMismatch, fmt::format("{} {}", kind, i),
        fmt::format("is {} in A, {} in B", i < a.size() ? to_string(a[i].shape) : "missing",
                    i < b.size() ? to_string(b[i].shape) : "missing"),
        "bisect a package with the network that it was made from");
  }
  return {};
}

// Some neighbours among the items, and the error they cause alone.
struct Range {
  size_t begin = 0;
  size_t end = 0;
  double error = 0;

  size_t size() const { return end - begin; }
  // The costliest is on top of the queue; of equals the earlier.
  friend bool operator<(const Range& a, const Range& b) {
    return a.error != b.error ? a.error < b.error : a.begin > b.begin;
  }
};

std::string coding_of(const QuantizedItem& item) {
  if (item.kind == QuantizedItem::Kind::weights) return "i8";
  return fmt::format("{}{}", item.encoding.is_signed ? 'i' : 'u', item.encoding.bits);
}

class Bisection {
 public:
  Bisection(const Graph& original, const PackagedNetwork& package,
            std::span<const ConstValues> inputs, const BisectOptions& options,
            const BisectProgress& progress, TrialLog log, BisectReport report)
      : original_(original),
        package_(package),
        inputs_(inputs),
        options_(options),
        progress_(progress),
        log_(std::move(log)),
        report_(std::move(report)) {}

  Result<BisectReport> run() {
    TESSERA_TRY(cpu_, make_backend("cpu", {.threads = options_.threads}));
    TESSERA_TRY(emulator_, make_backend("emulator", {.threads = options_.threads}));
    TESSERA_TRY_VOID(measure_stages());
    const BisectPoint costliest = report_.stages[report_.costliest].stage;
    if (package_.encodings && package_.encodings->empty() == false)
      TESSERA_TRY_VOID(find_contributors());
    if (costliest != BisectPoint::quantised && costliest != BisectPoint::original) {
      TESSERA_TRY_VOID(announce("values"));
      TESSERA_TRY(report_.snr_drops, largest_snr_drops(costliest, original_, package_, fake_,
                                                       {*cpu_, *emulator_}, inputs_));
    }
    report_.resumed = std::min(log_.resumed(), asked_ - report_.trials);
    return std::move(report_);
  }

 private:
  const Encodings* encodings() const {
    return package_.encodings && !package_.encodings->empty() ? &*package_.encodings : nullptr;
  }

  // Reports what comes next, and whether to go on.
  Result<void> announce(const std::string& what) {
    if (!progress_ || progress_(report_.trials, what)) return {};
    return TESSERA_ERROR(kCancelled, "bisect",
                         fmt::format("stopped after {} measurements", report_.trials),
                         options_.state.empty() ? "" : "the same command goes on from there");
  }

  // The trial of this name: remembered, or measured now against `expected`.
  template <typename Work>
  Result<Trial> trial(const std::string& key, const Outputs& expected, const Work& work) {
    ++asked_;
    if (const Trial* known = log_.find(key)) return *known;
    TESSERA_TRY_VOID(announce(key));
    TESSERA_TRY(const Outputs outputs, work());
    Trial made;
    made.error = error_between(expected, outputs);
    if (!std::isfinite(made.error)) made.error = std::numeric_limits<double>::max();
    TESSERA_TRY(made.si_snr_db, mean_si_snr_db(outputs, options_.references));
    if (made.si_snr_db && !std::isfinite(*made.si_snr_db)) made.si_snr_db = -kExactDb;
    ++report_.trials;
    TESSERA_TRY_VOID(log_.add(key, made));
    return made;
  }

  Result<Outputs> in_float(const Graph& graph) {
    TESSERA_TRY(Session session, Session::create(graph, *cpu_));
    return session.run(inputs_);
  }
  Result<Outputs> stitched(Backend& backend, const Encodings* integers) {
    TESSERA_TRY(Session session, Session::create(package_.plan, backend, integers));
    return session.run(inputs_);
  }

  Result<void> measure_stages() {
    TESSERA_TRY_VOID(announce("original"));
    TESSERA_TRY(report_.original_outputs, in_float(original_));
    const Outputs& expected = report_.original_outputs;
    signal_ = energy_of(expected);
    TESSERA_TRY_VOID(check_references(original_, options_.references));
    TESSERA_TRY(const auto own, mean_si_snr_db(expected, options_.references));
    add_stage(BisectPoint::original, {0, own});
    TESSERA_TRY(const Trial legal,
                trial("stage legal", expected, [&] { return in_float(package_.legal); }));
    add_stage(BisectPoint::legal, legal);
    // The outputs of the last stage are needed, measured or not.
    if (encodings() == nullptr) {
      TESSERA_TRY_VOID(last_stage(BisectPoint::cut, *cpu_, nullptr));
    } else {
      TESSERA_TRY(const Trial cut,
                  trial("stage cut", expected, [&] { return stitched(*cpu_, nullptr); }));
      add_stage(BisectPoint::cut, cut);
      TESSERA_TRY(fake_, FakeQuantized::create(package_.plan.graph, *encodings(), *cpu_));
      TESSERA_TRY(const Trial quantised, trial("stage quantised", expected,
                                               [&] { return fake_->run(all_items(), inputs_); }));
      add_stage(BisectPoint::quantised, quantised);
      TESSERA_TRY_VOID(last_stage(BisectPoint::emulated, *emulator_, encodings()));
    }
    share_out();
    return {};
  }

  Result<void> last_stage(BisectPoint stage, Backend& backend, const Encodings* integers) {
    TESSERA_TRY_VOID(announce(fmt::format("stage {}", to_string(stage))));
    TESSERA_TRY(report_.package_outputs, stitched(backend, integers));
    TESSERA_TRY(const Trial last,
                trial(fmt::format("stage {}", to_string(stage)), report_.original_outputs,
                      [&]() -> Result<Outputs> { return report_.package_outputs; }));
    add_stage(stage, last);
    return {};
  }

  void add_stage(BisectPoint stage, const Trial& measured) {
    StageCost cost;
    cost.stage = stage;
    cost.error = measured.error;
    cost.snr_db = ratio_db(signal_, measured.error);
    cost.si_snr_db = measured.si_snr_db;
    if (measured.si_snr_db && !report_.stages.empty() && report_.stages.back().si_snr_db)
      cost.cost_db = *report_.stages.back().si_snr_db - *measured.si_snr_db;
    report_.stages.push_back(cost);
  }

  // Errors of stages are independent, nearly: energies add.
  void share_out() {
    double most = 0;
    double total = 0;
    for (size_t i = 1; i < report_.stages.size(); ++i) {
      StageCost& stage = report_.stages[i];
      stage.added = std::max(0.0, stage.error - report_.stages[i - 1].error);
      total += stage.added;
      if (stage.added <= most) continue;
      most = stage.added;
      report_.costliest = i;
    }
    for (StageCost& stage : report_.stages) stage.added = total > 0 ? stage.added / total : 0;
  }

  std::set<size_t> all_items() const { return items_of({0, fake_->items().size(), 0}); }
  static std::set<size_t> items_of(const Range& range) {
    std::set<size_t> items;
    for (size_t i = range.begin; i < range.end; ++i) items.insert(i);
    return items;
  }

  std::string name_of(size_t item) const {
    const QuantizedItem& one = fake_->items()[item];
    return fmt::format("{} of '{}'", to_string(one.kind), one.name);
  }

  Result<Trial> alone(const Range& range) {
    std::string key = "only " + name_of(range.begin);
    if (range.size() > 1)
      key += fmt::format(" to {} ({} of them)", name_of(range.end - 1), range.size());
    return trial(key, float_outputs_, [&] { return fake_->run(items_of(range), inputs_); });
  }

  // Everything but these.
  Result<Trial> without(const std::set<size_t>& left_out, const std::string& key) {
    return trial(key, float_outputs_, [&] {
      std::set<size_t> active = all_items();
      for (size_t item : left_out) active.erase(item);
      return fake_->run(active, inputs_);
    });
  }

  // The error that goes away when these are left out.
  Result<double> relieved(const Range& range) {
    std::string key = "without " + name_of(range.begin);
    if (range.size() > 1)
      key += fmt::format(" to {} ({} of them)", name_of(range.end - 1), range.size());
    TESSERA_TRY(const Trial rest, without(items_of(range), key));
    return std::max(0.0, everything_.error - rest.error);
  }

  Result<void> find_contributors() {
    TESSERA_TRY_VOID(announce("nothing quantised"));
    TESSERA_TRY(float_outputs_, fake_->run({}, inputs_));
    report_.items = static_cast<int64_t>(fake_->items().size());
    if (report_.items == 0) return {};
    TESSERA_TRY(everything_, without({}, "everything quantised"));
    TESSERA_TRY_VOID(find_individual());
    TESSERA_TRY_VOID(find_joint());
    std::set<size_t> found;
    std::string key = "without";
    for (const Range& range : found_) {
      TESSERA_TRY(Contributor contributor, describe(range));
      report_.contributors.push_back(std::move(contributor));
      found.insert(range.begin);
    }
    for (const auto& [item, text] : fake_->contradictions()) {
      if (!found.contains(item))
        report_.notes.push_back({NoteSeverity::warning, name_of(item) + ": " + text});
    }
    if (found.empty()) return {};
    for (size_t item : found) key += fmt::format(" {}", item);
    TESSERA_TRY(const Trial rest, without(found, key));
    report_.without_contributors_snr_db = ratio_db(signal_, rest.error);
    return {};
  }

  // Items that do most harm alone.
  Result<void> find_individual() {
    TESSERA_TRY(const auto left,
                search(options_.least_share, [&](const Range& range) -> Result<double> {
                  TESSERA_TRY(const Trial measured, alone(range));
                  return measured.error;
                }));
    for (const Range& range : found_) explained_ += range.error;
    for (const Range& range : left) {
      explained_ += range.error;
      report_.remaining_groups.push_back(
          {fake_->items()[range.begin].name, fake_->items()[range.end - 1].name,
           static_cast<int64_t>(range.size()), range.error / everything_.error});
    }
    return {};
  }

  // Where these do not explain the error: items without which it goes away. They come first, those
  // whose numbers contradict each other before all.
  Result<void> find_joint() {
    if (explained_ >= kExplained * everything_.error) return {};
    const std::vector<Range> apart = std::exchange(found_, {});
    TESSERA_TRY_VOID(search(kRelief, [&](const Range& range) { return relieved(range); }));
    std::stable_partition(found_.begin(), found_.end(), [&](const Range& range) {
      return fake_->contradictions().contains(range.begin);
    });
    for (Range& range : found_) {
      together_.insert(range.begin);
      TESSERA_TRY(const Trial measured, alone({range.begin, range.end, 0}));
      range.error = measured.error;
    }
    for (const Range& range : apart) {
      if (!together_.contains(range.begin) && found_.size() < options_.contributors)
        found_.push_back(range);
    }
    return {};
  }

  // The costliest range first, by `cost`; a single item that comes up costs more than all that is
  // left, which is returned. Fills found_.
  template <typename Cost>
  Result<std::vector<Range>> search(double least_share, const Cost& cost) {
    std::priority_queue<Range> ranges;
    ranges.push({0, fake_->items().size(), everything_.error});
    while (!ranges.empty() && found_.size() < options_.contributors) {
      const Range range = ranges.top();
      if (range.error < least_share * everything_.error || range.error == 0) break;
      ranges.pop();
      if (range.size() == 1) {
        found_.push_back(range);
        continue;
      }
      const size_t middle = range.begin + range.size() / 2;
      for (Range half : {Range{range.begin, middle, 0}, Range{middle, range.end, 0}}) {
        TESSERA_TRY(half.error, cost(half));
        ranges.push(half);
      }
    }
    std::vector<Range> left;
    for (; !ranges.empty(); ranges.pop()) left.push_back(ranges.top());
    return left;
  }

  Result<Contributor> describe(const Range& range) {
    const QuantizedItem& item = fake_->items()[range.begin];
    Contributor contributor;
    contributor.name = item.name;
    contributor.kind = to_string(item.kind);
    contributor.coding = coding_of(item);
    contributor.only_snr_db = ratio_db(signal_, range.error);
    contributor.share = range.error / everything_.error;
    contributor.only_in_combination = together_.contains(range.begin);
    TESSERA_TRY(const Trial rest, without({range.begin}, "without " + name_of(range.begin)));
    contributor.without_snr_db = ratio_db(signal_, rest.error);
    contributor.gain_db = ratio_db(everything_.error, rest.error);
    if (rest.si_snr_db && everything_.si_snr_db)
      contributor.gain_si_snr_db = *rest.si_snr_db - *everything_.si_snr_db;
    const auto wrong = fake_->contradictions().find(range.begin);
    if (wrong != fake_->contradictions().end()) contributor.contradiction = wrong->second;
    return contributor;
  }

  const Graph& original_;
  const PackagedNetwork& package_;
  std::span<const ConstValues> inputs_;
  const BisectOptions& options_;
  const BisectProgress& progress_;
  TrialLog log_;
  BisectReport report_;
  std::unique_ptr<Backend> cpu_;
  std::unique_ptr<Backend> emulator_;
  std::optional<FakeQuantized> fake_;
  Outputs float_outputs_;  // of the plan's graph, nothing quantised
  Trial everything_;
  std::vector<Range> found_;   // single items, costliest first
  double explained_ = 0;       // error that items cause alone, added up
  std::set<size_t> together_;  // found by leaving out
  double signal_ = 0;          // energy of A's outputs
  int64_t asked_ = 0;          // trials, remembered ones included
};

}  // namespace

std::string_view to_string(BisectPoint stage) {
  switch (stage) {
    case BisectPoint::original: return "original";
    case BisectPoint::legal: return "legal";
    case BisectPoint::cut: return "cut";
    case BisectPoint::quantised: return "quantised";
    case BisectPoint::emulated: return "emulated";
  }
  return "";
}

Result<BisectReport> bisect(const Graph& original, const PackagedNetwork& package,
                            const std::string& package_hash, std::span<const ConstValues> inputs,
                            const BisectOptions& options, const BisectProgress& progress) {
  const Signature a = signature_of(original);
  const Signature b = signature_of(package.plan.graph);
  TESSERA_TRY_VOID(check_bisected_ports(a.inputs, b.inputs, "input"));
  TESSERA_TRY_VOID(check_bisected_ports(a.outputs, b.outputs, "output"));
  TESSERA_TRY_VOID(check_input_values(a, inputs));
  if (std::all_of(inputs.begin(), inputs.end(), is_silent)) {
    return TESSERA_ERROR(kInvalidArgument, "inputs", "are silent: nothing costs anything there",
                         "bisect on a signal");
  }
  BisectReport report;
  TrialLog log(options.state, binding_of(original, package_hash, inputs, options.references),
               report.notes);
  return Bisection(original, package, inputs, options, progress, std::move(log), std::move(report))
      .run();
}

}  // namespace tessera
