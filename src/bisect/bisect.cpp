#include "tessera/compiler/bisect.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "bisect/contributors.h"
#include "bisect/fake_quantized.h"
#include "bisect/largest_snr_drops.h"
#include "bisect/source_references.h"
#include "bisect/trial_log.h"
#include "bisect/trials.h"
#include "calibrate/windows.h"
#include "tessera/backend.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/session.h"

namespace tessera {
namespace {

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

class Bisection {
 public:
  Bisection(const Graph& original, const PackagedNetwork& package,
            std::span<const ConstValues> inputs, const BisectOptions& options,
            const BisectProgress& progress, TrialLog log, BisectReport report)
      : original_(original),
        package_(package),
        inputs_(inputs),
        options_(options),
        trials_(options, progress, std::move(log)),
        report_(std::move(report)) {}

  Result<BisectReport> run() {
    TESSERA_TRY(cpu_, make_backend("cpu", {.threads = options_.threads}));
    TESSERA_TRY(emulator_, make_backend("emulator", {.threads = options_.threads}));
    TESSERA_TRY_VOID(measure_stages());
    const BisectPoint costliest = report_.stages[report_.costliest].stage;
    if (package_.encodings && package_.encodings->empty() == false)
      TESSERA_TRY_VOID(find_contributors(*fake_, inputs_, signal_, options_, trials_, report_));
    if (costliest != BisectPoint::quantised && costliest != BisectPoint::original) {
      TESSERA_TRY_VOID(trials_.announce("values"));
      TESSERA_TRY(report_.snr_drops, largest_snr_drops(costliest, original_, package_, fake_,
                                                       {*cpu_, *emulator_}, inputs_));
    }
    report_.trials = trials_.measured();
    report_.resumed = trials_.resumed();
    return std::move(report_);
  }

 private:
  const Encodings* encodings() const {
    return package_.encodings && !package_.encodings->empty() ? &*package_.encodings : nullptr;
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
    TESSERA_TRY_VOID(trials_.announce("original"));
    TESSERA_TRY(report_.original_outputs, in_float(original_));
    const Outputs& expected = report_.original_outputs;
    signal_ = energy_of(expected);
    TESSERA_TRY_VOID(check_references(original_, options_.references));
    TESSERA_TRY(const auto own, mean_si_snr_db(expected, options_.references));
    add_stage(BisectPoint::original, {0, own});
    TESSERA_TRY(const Trial legal,
                trials_.measure("stage legal", expected, [&] { return in_float(package_.legal); }));
    add_stage(BisectPoint::legal, legal);
    // The outputs of the last stage are needed, measured or not.
    if (encodings() == nullptr) {
      TESSERA_TRY_VOID(last_stage(BisectPoint::cut, *cpu_, nullptr));
    } else {
      TESSERA_TRY(const Trial cut,
                  trials_.measure("stage cut", expected, [&] { return stitched(*cpu_, nullptr); }));
      add_stage(BisectPoint::cut, cut);
      TESSERA_TRY(fake_, FakeQuantized::create(package_.plan.graph, *encodings(), *cpu_));
      TESSERA_TRY(const Trial quantised, trials_.measure("stage quantised", expected, [&] {
        return fake_->run(every_item(), inputs_);
      }));
      add_stage(BisectPoint::quantised, quantised);
      TESSERA_TRY_VOID(last_stage(BisectPoint::emulated, *emulator_, encodings()));
    }
    share_out();
    return {};
  }

  Result<void> last_stage(BisectPoint stage, Backend& backend, const Encodings* integers) {
    TESSERA_TRY_VOID(trials_.announce(fmt::format("stage {}", to_string(stage))));
    TESSERA_TRY(report_.package_outputs, stitched(backend, integers));
    TESSERA_TRY(const Trial last,
                trials_.measure(fmt::format("stage {}", to_string(stage)), report_.original_outputs,
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

  std::set<size_t> every_item() const {
    std::set<size_t> items;
    for (size_t i = 0; i < fake_->items().size(); ++i) items.insert(i);
    return items;
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

  const Graph& original_;
  const PackagedNetwork& package_;
  std::span<const ConstValues> inputs_;
  const BisectOptions& options_;
  Trials trials_;
  BisectReport report_;
  std::unique_ptr<Backend> cpu_;
  std::unique_ptr<Backend> emulator_;
  std::optional<FakeQuantized> fake_;
  double signal_ = 0;  // energy of A's outputs
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
