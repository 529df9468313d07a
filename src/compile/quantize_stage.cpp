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

constexpr size_t kMeasuredWindows = 3;
constexpr size_t kFewWindows = 12;  // so few that each is needed to calibrate on

// In mixed precision the values that noise hurts get 16 bits: those that stay can have more room,
// against inputs that reach further than any window did.
constexpr double kMixedHeadroom = 1.5;

using Windows = std::span<const std::vector<float>>;

// What ranges are taken from, and what the choice of 16 bits is measured on. Windows that ranges
// were taken from never leave them: they would tell too good a story.
struct Halves {
  Windows learned;
  Windows measured;
  bool apart = false;
};

Halves divide(Windows all) {
  const auto silent = [](const std::vector<float>& window) {
    return std::all_of(window.begin(), window.end(), [](float x) { return x == 0.0F; });
  };
  if (all.size() < kFewWindows || std::any_of(all.end() - kMeasuredWindows, all.end(), silent))
    return {all, all.first(std::min(kMeasuredWindows, all.size())), false};
  return {all.first(all.size() - kMeasuredWindows), all.last(kMeasuredWindows), true};
}

// Statistics of a plan's values, from windows as they are and after pauses.
class Observation {
 public:
  Observation(const Graph& graph, const Result<Graph>& longer, const QuantizeOptions& options,
              Backend& cpu)
      : graph_(graph), longer_(longer ? *longer : graph), options_(options), cpu_(cpu) {}

  Result<void> observe(Windows windows) {
    TESSERA_TRY_VOID(calibrate(graph_, options_, cpu_, windows, statistics_));
    if (!hears_pauses(graph_)) return {};
    const int64_t frames = longer_.node(longer_.inputs()[0]).shape.w;
    const auto paused = after_pauses(windows, frames);
    return paused.empty() ? Result<void>()
                          : calibrate(longer_, options_, cpu_, paused, statistics_);
  }
  const CalibrationStatistics& statistics() const { return statistics_; }

 private:
  const Graph& graph_;
  const Graph& longer_;  // or `graph_`, of a network that has one length
  const QuantizeOptions& options_;
  Backend& cpu_;
  CalibrationStatistics statistics_;
};

// The plan's graph for another length.
Result<Graph> graph_for(const ImportedModel& model, const Plan& plan, const Target& target,
                        const std::map<std::string, NormConstants>& frozen_norms, int64_t samples) {
  TESSERA_TRY(Graph graph, model.network->instantiate(samples));
  TESSERA_TRY(const RewriteLog log, make_legal(graph, frozen_norms));
  if (plan.recipe.block_channels == 0) return graph;
  TESSERA_TRY(Plan replayed, replay_plan(graph, target, plan.recipe));
  return std::move(replayed.graph);
}

}  // namespace

Result<QuantizedPlan> quantize_plan(const ImportedModel& model, const Plan& plan,
                                    const Target& target, const CalibrationWindows& windows,
                                    const std::map<std::string, NormConstants>& frozen_norms,
                                    const BuildOptions& options) {
  const IntegerOptions& wanted = *options.integers;
  const Halves halves = divide(windows.set.windows);
  TESSERA_TRY(const Graph graph, graph_for(model, plan, target, frozen_norms, windows.length));
  TESSERA_TRY(const auto cpu, make_backend("cpu", {.threads = options.threads}));
  TESSERA_TRY(const auto emulator, make_backend("emulator", {.threads = options.threads}));
  QuantizeOptions choice = wanted.quantize;
  if (wanted.mixed_loss_db > 0) choice.headroom = std::max(choice.headroom, kMixedHeadroom);
  if (hears_pauses(graph)) choice.headroom = headroom_beside_pauses(choice.headroom);
  choice.encoder_in_integers = plan.recipe.encoder_on_chip;
  choice.masks_in_integers = plan.recipe.masks_on_chip;
  const Result<Graph> longer = graph_for(model, plan, target, frozen_norms, 2 * windows.length);
  Observation observation(graph, longer, choice, *cpu);
  TESSERA_TRY_VOID(observation.observe(halves.learned));
  const CalibrationStatistics& statistics = observation.statistics();
  const double snr_db = wanted.mixed_loss_db > 0 ? snr_for_loss_db(wanted.mixed_loss_db)
                                                 : -1e9;  // what there is, is enough
  TESSERA_TRY(MixedPrecision mixed, choose_mixed_precision(graph, statistics, choice, snr_db,
                                                           halves.measured, *cpu, *emulator));
  if (!mixed.reached) {
    return TESSERA_ERROR(kUnsupported, "mixed precision",
                         fmt::format("16 bits for every value keep {:.1f} dB over float, a loss of "
                                     "{} dB allows {:.1f}",
                                     mixed.snr_db, wanted.mixed_loss_db, snr_db),
                         "allow a larger loss, or leave --quantize out");
  }
  if (halves.apart) TESSERA_TRY_VOID(observation.observe(halves.measured));
  QuantizedPlan quantized;
  TESSERA_TRY(quantized.encodings, quantize(plan.graph, statistics, mixed.options));
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
