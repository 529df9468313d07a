#include "compile/quantize_stage.h"

#include <optional>

#include <fmt/format.h>

#include "package/calibration_report.h"
#include "rewrite/legalize.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/tune.h"

namespace tessera {
namespace {

constexpr size_t kPassageWindows = 4;  // seconds, of sound
constexpr size_t kMaxWithSilence = 32;

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

// A plan's graph for the lengths that calibration needs. Of a network that has one length, all are
// of that.
struct Graphs {
  Graph window;
  Graph longer;   // two windows
  Graph passage;  // HeldOut's
  size_t passage_windows = 1;
};

// Statistics of a plan's values, from windows as they are and after pauses.
Result<TensorStatistics> observed(const Graphs& graphs, Windows windows, size_t max_with_silence,
                                  const QuantizeOptions& options, Backend& cpu, Runs& runs) {
  TensorStatistics statistics;
  TESSERA_TRY_VOID(
      calibrate(graphs.window, options, cpu, windows, statistics, runs.next(windows.size())));
  if (!needs_silence_prefix(graphs.window)) return statistics;
  const int64_t frames = graphs.longer.node(graphs.longer.inputs()[0]).shape.w;
  const auto paused = with_silence_prefix(windows, frames, max_with_silence);
  if (!paused.empty()) {
    TESSERA_TRY_VOID(
        calibrate(graphs.longer, options, cpu, paused, statistics, runs.next(2 * paused.size())));
  }
  return statistics;
}

// Of calibration: a window after a pause takes as long as two.
size_t runs_of(const Graph& graph, size_t windows) {
  return windows * (needs_silence_prefix(graph) ? 3 : 1);
}

Note too_little(const MixedPrecision& mixed, double wanted_db, double loss_db) {
  return {
      NoteSeverity::warning,
      fmt::format("a loss of {} dB allows {:.1f} dB SNR vs float, and 16 bits for every value do "
                  "not keep that: the fewest that keep as much as these were chosen, {:.1f} dB, "
                  "a loss of about {:.2g} dB",
                  loss_db, wanted_db, mixed.quality.lowest_db(),
                  loss_for_snr_db(mixed.quality.lowest_db()))};
}

QuantizeOptions choice_for(const Graph& graph, const Plan& plan, const IntegerOptions& wanted,
                           IntegerArithmetic arithmetic) {
  QuantizeOptions choice = wanted.quantize;
  if (needs_silence_prefix(graph)) set_range_margin_with_silence(choice);
  choice.encoder_in_integers = plan.recipe.encoder_on_chip;
  choice.masks_in_integers = plan.recipe.masks_on_chip;
  choice.arithmetic = arithmetic;
  for (std::string& name : host_float_values(graph, choice))
    choice.int16_values.insert(std::move(name));
  return choice;
}

// A package in integers has some.
Result<void> check_integers(const Encodings& encodings) {
  if (!encodings.values.empty() && !encodings.weights.empty()) return {};
  return TESSERA_ERROR(kUnsupported, "quantize",
                       "the chip has no convolution of this network: nothing would be in integers",
                       "build it without BuildOptions::integers");
}

// The plan's graph for another length.
Result<Graph> graph_for(const ImportedModel& model, const Plan& plan, const Target& target,
                        const RewriteParameters& rewriting, int64_t samples) {
  TESSERA_TRY(Graph graph, model.network->instantiate(samples));
  TESSERA_TRY(const RewriteLog log, legalize(graph, rewriting));
  if (plan.recipe.block_channels == 0 && plan.recipe.padded_by_host.empty()) return graph;
  TESSERA_TRY(Plan replayed, replay_plan(graph, target, plan.recipe));
  return std::move(replayed.graph);
}

Result<Graphs> graphs_for(const ImportedModel& model, const Plan& plan, const Target& target,
                          const RewriteParameters& rewriting, int64_t samples) {
  Graphs graphs;
  TESSERA_TRY(graphs.window, graph_for(model, plan, target, rewriting, samples));
  graphs.longer = graphs.passage = graphs.window;
  const Shape& input = graphs.window.node(graphs.window.inputs()[0]).shape;
  if (Result<Graph> longer = graph_for(model, plan, target, rewriting, 2 * samples))
    graphs.longer = std::move(longer).value();
  // Windows of several channels do not follow one another in memory.
  if (graphs.window.inputs().size() != 1 || input.c != 1 || input.h != 1) return graphs;
  const auto windows = static_cast<int64_t>(kPassageWindows);
  if (Result<Graph> passage = graph_for(model, plan, target, rewriting, windows * samples)) {
    graphs.passage = std::move(passage).value();
    graphs.passage_windows = kPassageWindows;
  }
  return graphs;
}

// By window, or empty where it is not known.
std::vector<int64_t> recordings_of(const CalibrationData& data,
                                   const CalibrationData::Origin& origin) {
  if (!data.recordings.empty() || origin.recordings.size() < data.windows.size())
    return data.recordings;
  return {origin.recordings.begin(),
          origin.recordings.begin() + static_cast<std::ptrdiff_t>(data.windows.size())};
}

// `choice.range_estimator` is the one asked for, or the one that keeps most.
Result<MixedPrecision> choose(HeldOutTrial& trial, bool apart, QuantizeOptions choice,
                              const IntegerOptions& wanted, const CalibrationProgress& progress) {
  std::optional<HeldOutQuality> quality;
  if (wanted.range_estimator) choice.range_estimator = *wanted.range_estimator;
  if (!wanted.range_estimator && apart && !choice.int16) {
    TESSERA_TRY(RangeEstimatorChoice best, choose_range_estimator(trial, choice));
    choice.range_estimator = best.range_estimator;
    quality = std::move(best.quality);
  }
  if (wanted.mixed_loss_db > 0)
    return choose_mixed_precision(trial, choice, snr_for_loss_db(wanted.mixed_loss_db), progress);
  if (!quality) {
    TESSERA_TRY(quality, trial.quality(choice));
  }
  return MixedPrecision{std::move(choice), *quality, *quality, true, {}};
}

}  // namespace

Result<QuantizedPlan> quantize_plan(const ImportedModel& model, const Plan& plan,
                                    const Target& target, const CalibrationData& data,
                                    const RewriteParameters& rewriting,
                                    const BuildOptions& options) {
  const IntegerOptions& wanted = *options.integers;
  TESSERA_TRY(CalibrationData::Origin origin, calibration_origin(options.calibration));
  TESSERA_TRY(const Graphs graphs, graphs_for(model, plan, target, rewriting, data.length));
  TESSERA_TRY(const auto cpu, make_backend("cpu", {.threads = options.threads}));
  TESSERA_TRY(const auto emulator, make_backend("emulator", {.threads = options.threads}));
  const QuantizeOptions choice = choice_for(graphs.window, plan, wanted, target.arithmetic);
  const HeldOut held_out = hold_out(data.windows, recordings_of(data, origin),
                                    {graphs.passage_windows, needs_silence_prefix(graphs.window)});
  const size_t sought = wanted.mixed_loss_db > 0
                            ? encoded_values(graphs.window, choice).size() * graphs.passage_windows
                            : 0;
  Runs runs(options.progress, runs_of(graphs.window, data.windows.size()) + sought);
  std::vector<TensorStatistics> of_folds;
  TensorStatistics statistics;
  for (const auto& fold : held_out.folds) {
    TESSERA_TRY(
        TensorStatistics own,
        observed(graphs, fold, kMaxWithSilence / held_out.folds.size(), choice, *cpu, runs));
    statistics.merge(own);
    of_folds.push_back(std::move(own));
  }
  TESSERA_TRY(HeldOutTrial trial,
              HeldOutTrial::create(graphs.passage, held_out, of_folds, *cpu, *emulator));
  TESSERA_TRY(const MixedPrecision mixed,
              choose(trial, held_out.apart(), choice, wanted, runs.next(sought)));
  QuantizedPlan quantized;
  if (!mixed.reached)
    quantized.notes.push_back(
        too_little(mixed, snr_for_loss_db(wanted.mixed_loss_db), wanted.mixed_loss_db));
  TESSERA_TRY(quantized.encodings, quantize(plan.graph, statistics, mixed.options));
  TESSERA_TRY_VOID(check_integers(quantized.encodings));
  quantized.windows = static_cast<int64_t>(data.windows.size());
  quantized.values = static_cast<int64_t>(encoded_values(plan.graph, mixed.options).size());
  quantized.int16_values = mixed.options.int16
                               ? quantized.values
                               : static_cast<int64_t>(mixed.options.int16_values.size());
  quantized.quality = mixed.quality;
  quantized.held_out = held_out.apart();
  quantized.report =
      make_calibration_report(plan.graph, quantized.encodings, statistics, mixed.options, wanted);
  quantized.report.source = {std::move(origin.files), quantized.windows, origin.seed,
                             origin.silence_db};
  quantized.report.arithmetic.snr_db = mixed.quality.typical_db();
  quantized.report.arithmetic.lowest_snr_db = mixed.quality.lowest_db();
  return quantized;
}

}  // namespace tessera
