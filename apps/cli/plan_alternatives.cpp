#include "cli/plan_alternatives.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/table.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/tune.h"
#include "tessera/session.h"
#include "verify/noise_inputs.h"

namespace tessera::cli {
namespace {

// Statistics for every norm that may be frozen: only their presence matters to a plan.
std::map<std::string, NormConstants> placeholder_statistics(const Graph& graph) {
  std::map<std::string, NormConstants> statistics;
  for (const std::string& name : freezable_norms(graph)) statistics[name] = {{0}, {1}};
  return statistics;
}

void add_plan(std::vector<Alternative>& list, std::string name, bool exact,
              const Result<Plan>& plan, const Target& target) {
  if (plan) {
    list.push_back(alternative_of(std::move(name), *plan, target));
    list.back().exact = exact;
    return;
  }
  Alternative none;
  none.name = std::move(name);
  none.exact = exact;
  none.verdict = to_string(Verdict::does_not_fit);
  none.obstacle = plan.error().to_string();
  list.push_back(std::move(none));
}

// Of host steps and tile copies.
Result<double> measure_host(const Plan& plan, Backend& backend) {
  TESSERA_TRY(const auto stitched, StitchedExecutable::load(plan, backend));
  const std::vector<std::vector<float>> signals = noise_inputs(plan.graph);
  std::vector<std::vector<float>> outputs;
  for (const GraphOutput& output : plan.graph.outputs()) {
    outputs.emplace_back(static_cast<size_t>(plan.graph.node(output.node).shape.size()));
  }
  const std::vector<ConstValues> inputs(signals.begin(), signals.end());
  const std::vector<Values> views(outputs.begin(), outputs.end());
  double best = 0;
  for (int round = 0; round < 2; ++round) {
    TESSERA_TRY_VOID(stitched->run(inputs, views));
    const double seconds = stitched->timing().host + stitched->timing().copies;
    best = round == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

Result<double> measure_alone(const Graph& graph, Backend& backend) {
  TESSERA_TRY(Session session, Session::create(graph, backend));
  const std::vector<std::vector<float>> signals = noise_inputs(graph);
  const std::vector<ConstValues> inputs(signals.begin(), signals.end());
  double best = 0;
  for (int round = 0; round < 2; ++round) {
    TESSERA_TRY(const auto outputs, session.run(inputs));
    const double seconds = session.timing().run_seconds;
    best = round == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

// Plans for one length only are for short windows; each of their tiles is looked at on its own.
constexpr int64_t kMaxOfOneLengthSamples = 160'000;

// Above this, a part as long is measured and its time multiplied.
constexpr int64_t kMaxMeasuredSamples = 480'000;

Result<Measured> measure(const Graph& imported, const Plan& plan, Backend& backend) {
  Measured measured;
  TESSERA_TRY(measured.host_s, measure_host(plan, backend));
  TESSERA_TRY(measured.alone_s, measure_alone(imported, backend));
  return measured;
}

}  // namespace

Result<Measured> measure_ways(const ImportedModel& model, const Plan& plan, const Target& target,
                              Backend& backend, Console& console) {
  const auto part = [&]() -> Result<Measured> {
    TESSERA_TRY(const Graph imported, model.network->instantiate(kMaxMeasuredSamples));
    Graph legal = imported;
    TESSERA_TRY_VOID(rewrite(legal));
    TESSERA_TRY(const Plan shorter, replay_plan(legal, target, plan.recipe));
    return measure(imported, shorter, backend);
  };
  if (model.length_samples > kMaxMeasuredSamples) {
    if (Result<Measured> measured = part()) {
      const double times = static_cast<double>(model.length_samples) / kMaxMeasuredSamples;
      console.note(fmt::format("the processor's time is measured on {} samples and multiplied",
                               grouped(kMaxMeasuredSamples)));
      return Measured{measured->host_s * times, measured->alone_s * times};
    }
  }
  return measure(model.graph, plan, backend);
}

Alternative alternative_of(std::string name, const Plan& plan, const Target& target) {
  Alternative made;
  made.name = std::move(name);
  made.verdict = to_string(plan.verdict);
  if (plan.verdict != Verdict::fits) made.obstacle = blocking_violation(plan, target);
  made.segments = static_cast<int64_t>(plan.segments.size());
  made.calls = plan.cost.calls;
  made.contexts = plan.contexts;
  made.link_bytes = plan.cost.bytes_in + plan.cost.bytes_out;
  made.chip_s = plan.cost.seconds();
  return made;
}

Result<std::vector<Alternative>> other_plans(const ImportedModel& imported, const Graph& legal,
                                             const Plan& chosen, const Target& target,
                                             const PlanOptions& options) {
  std::vector<Alternative> list;
  const bool is_short = imported.length_samples <= kMaxOfOneLengthSamples;
  if (!options.fixed_length && chosen.recipe.kernels_read_host && is_short) {
    PlanOptions fixed = options;
    fixed.fixed_length = true;
    add_plan(list, "exact, cut, this length only", true, make_plan(legal, target, fixed), target);
  }
  add_plan(list, "exact, uncut", true, make_uncut_plan(legal, target, options), target);
  RewriteOptions freeze;
  freeze.parameters.calibrated = placeholder_statistics(imported.graph);
  if (freeze.parameters.calibrated.empty()) return list;
  freeze.enable = {"freeze_global_norm"};
  Graph frozen = imported.graph;
  TESSERA_TRY(const RewriteLog log, rewrite(frozen, freeze));
  if (!log.not_legal.empty()) return list;
  add_plan(list, "norms frozen, cut", false, make_plan(frozen, target, options), target);
  add_plan(list, "norms frozen, uncut", false, make_uncut_plan(frozen, target, options), target);
  return list;
}

}  // namespace tessera::cli
