#include "compile/quantize_stage.h"

#include <algorithm>

#include <fmt/format.h>

#include "compile/calibration_file.h"
#include "compile/legal_graph.h"
#include "tessera/calibrate.h"
#include "tessera/calibration_state.h"
#include "tessera/mixed_precision.h"
#include "tessera/quality.h"

namespace tessera {
namespace {

// In mixed precision the values that noise hurts get 16 bits: those that stay can have more room,
// against inputs that reach further than any window did.
constexpr double kMixedHeadroom = 1.5;

using Windows = std::span<const std::vector<float>>;

// Runs of a window, of all that there will be at most.
class Runs {
 public:
  Runs(const StageProgress& progress, size_t all)
      : progress_(progress), all_(static_cast<double>(all)) {}

  // For work that takes the next `runs`.
  CalibrationProgress next(size_t runs) {
    const double begin = begun_;
    const auto own = static_cast<double>(runs);
    begun_ += own;
    if (!progress_) return nullptr;
    return [this, begin, own](int64_t done, int64_t all) {
      const double share = static_cast<double>(done) / static_cast<double>(all);
      return progress_((begin + own * share) / all_);
    };
  }

 private:
  const StageProgress& progress_;
  double all_;
  double begun_ = 0;
};

// Statistics of a plan's values, from windows as they are and after pauses.
class Observation {
 public:
  Observation(const Graph& graph, const Result<Graph>& longer, const QuantizeOptions& options,
              Backend& cpu, Runs& runs)
      : graph_(graph),
        longer_(longer ? *longer : graph),
        options_(options),
        cpu_(cpu),
        runs_(runs) {}

  Result<void> observe(Windows windows) {
    TESSERA_TRY_VOID(
        calibrate(graph_, options_, cpu_, windows, statistics_, runs_.next(windows.size())));
    if (!hears_pauses(graph_)) return {};
    const int64_t frames = longer_.node(longer_.inputs()[0]).shape.w;
    const auto paused = after_pauses(windows, frames);
    return paused.empty() ? Result<void>()
                          : calibrate(longer_, options_, cpu_, paused, statistics_,
                                      runs_.next(2 * paused.size()));
  }
  const CalibrationStatistics& statistics() const { return statistics_; }

 private:
  const Graph& graph_;
  const Graph& longer_;  // or `graph_`, of a network that has one length
  const QuantizeOptions& options_;
  Backend& cpu_;
  Runs& runs_;
  CalibrationStatistics statistics_;
};

// Of calibration: a window after a pause takes as long as two.
size_t runs_of(const Graph& graph, size_t windows) {
  return windows * (hears_pauses(graph) ? 3 : 1);
}

Note too_little(const MixedPrecision& mixed, double wanted_db, double loss_db) {
  return {
      NoteSeverity::warning,
      fmt::format("a loss of {} dB allows {:.1f} dB over float, and 16 bits for every value do "
                  "not keep that: the fewest that keep as much as these were chosen, {:.1f} dB, "
                  "a loss of about {:.2g} dB",
                  loss_db, wanted_db, mixed.snr_db, loss_for_snr_db(mixed.snr_db))};
}

QuantizeOptions choice_for(const Graph& graph, const Plan& plan, const IntegerOptions& wanted) {
  QuantizeOptions choice = wanted.quantize;
  if (wanted.mixed_loss_db > 0) choice.headroom = std::max(choice.headroom, kMixedHeadroom);
  if (hears_pauses(graph)) choice.headroom = headroom_beside_pauses(choice.headroom);
  choice.encoder_in_integers = plan.recipe.encoder_on_chip;
  choice.masks_in_integers = plan.recipe.masks_on_chip;
  for (std::string& name : island_values(graph, choice)) choice.widen.insert(std::move(name));
  return choice;
}

// The one asked for, or the one that keeps most.
Result<Observer> observer_for(const Graph& graph, const CalibrationStatistics& statistics,
                              const QuantizeOptions& choice, const IntegerOptions& wanted,
                              const DividedWindows& windows, Backend& cpu, Backend& emulator) {
  if (wanted.observer) return *wanted.observer;
  if (!windows.apart || choice.wide) return Observer::min_max;
  TESSERA_TRY(const ObserverChoice best,
              choose_observer(graph, statistics, choice, windows.measured, cpu, emulator));
  return best.observer;
}

// A package in integers has some.
Result<void> check_integers(const Encodings& encodings) {
  if (!encodings.values.empty() && !encodings.weights.empty()) return {};
  return TESSERA_ERROR(kUnsupported, "quantize",
                       "the chip has no convolution of this network: nothing would be in integers",
                       "build it without --quantize");
}

// The plan's graph for another length.
Result<Graph> graph_for(const ImportedModel& model, const Plan& plan, const Target& target,
                        const RewriteParameters& rewriting, int64_t samples) {
  TESSERA_TRY(Graph graph, model.network->instantiate(samples));
  TESSERA_TRY(const RewriteLog log, make_legal(graph, rewriting));
  if (plan.recipe.block_channels == 0 && plan.recipe.padded_by_host.empty()) return graph;
  TESSERA_TRY(Plan replayed, replay_plan(graph, target, plan.recipe));
  return std::move(replayed.graph);
}

}  // namespace

Result<QuantizedPlan> quantize_plan(const ImportedModel& model, const Plan& plan,
                                    const Target& target, const CalibrationWindows& windows,
                                    const RewriteParameters& rewriting,
                                    const BuildOptions& options) {
  const IntegerOptions& wanted = *options.integers;
  const DividedWindows halves = divide_windows(windows.set.windows);
  TESSERA_TRY(const Graph graph, graph_for(model, plan, target, rewriting, windows.length));
  TESSERA_TRY(const auto cpu, make_backend("cpu", {.threads = options.threads}));
  TESSERA_TRY(const auto emulator, make_backend("emulator", {.threads = options.threads}));
  const bool seeks = wanted.mixed_loss_db > 0;
  QuantizeOptions choice = choice_for(graph, plan, wanted);
  const Result<Graph> longer = graph_for(model, plan, target, rewriting, 2 * windows.length);
  const size_t sought = seeks ? encoded_values(graph, choice).size() * halves.measured.size() : 0;
  Runs runs(options.progress, runs_of(graph, windows.set.windows.size()) + sought);
  Observation observation(graph, longer, choice, *cpu, runs);
  TESSERA_TRY_VOID(observation.observe(halves.learned));
  const CalibrationStatistics& statistics = observation.statistics();
  TESSERA_TRY(choice.observer,
              observer_for(graph, statistics, choice, wanted, halves, *cpu, *emulator));
  const double snr_db =
      seeks ? snr_for_loss_db(wanted.mixed_loss_db) : -1e9;  // what there is, is enough
  TESSERA_TRY(const MixedPrecision mixed,
              choose_mixed_precision(graph, statistics, choice, snr_db, halves.measured, *cpu,
                                     *emulator, runs.next(sought)));
  if (halves.apart) TESSERA_TRY_VOID(observation.observe(halves.measured));
  QuantizedPlan quantized;
  if (!mixed.reached) quantized.notes.push_back(too_little(mixed, snr_db, wanted.mixed_loss_db));
  TESSERA_TRY(quantized.encodings, quantize(plan.graph, statistics, mixed.options));
  TESSERA_TRY_VOID(check_integers(quantized.encodings));
  quantized.windows = static_cast<int64_t>(windows.set.windows.size());
  quantized.values = static_cast<int64_t>(encoded_values(plan.graph, mixed.options).size());
  quantized.wide =
      mixed.options.wide ? quantized.values : static_cast<int64_t>(mixed.options.widen.size());
  quantized.snr_db = mixed.snr_db;
  quantized.record =
      make_calibration_record(plan.graph, quantized.encodings, statistics, mixed.options, wanted);
  TESSERA_TRY(CalibrationOrigin origin,
              calibration_origin(options.calibration.sources, options.calibration.set));
  quantized.record.source = {std::move(origin.files), quantized.windows, origin.seed,
                             origin.silence_db};
  quantized.record.arithmetic.snr_db = quantized.snr_db;
  return quantized;
}

}  // namespace tessera
