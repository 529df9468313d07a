// Every result as a JSON document: what `--json` prints, what a run folder keeps, what a service
// answers. Paths, times and choices of a caller are the caller's to add.
#pragma once

#include <string>
#include <vector>

#include "base/json_fields.h"
#include "pipeline/runtime_metrics.h"
#include "tessera/build.h"
#include "tessera/compiler/analysis.h"
#include "tessera/compiler/bisect.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/quantize.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/target.h"
#include "tessera/compiler/tune.h"
#include "tessera/compiler/verify.h"
#include "tessera/metrics.h"
#include "tessera/package.h"
#include "tessera/separator.h"

namespace tessera {
struct Evaluation;
struct ImportedTable;
struct IndexedRun;
struct RecordedRun;
struct RemovalCandidate;
struct RunDifference;
struct Tracker;
}  // namespace tessera

namespace tessera::documents {

// JSON has no infinity and no NaN: null.
Json number(double value);

// A network: what its outputs depend on; its inputs and outputs; one row per node of `costs`.
Json of(const Dependence& dependence);
Json of(const Port& port);
Json layers(const Graph& graph, const Costs& costs);

// What rules did, and which there are.
Json of(const RewriteLog& log);
Json rewrite_rules();

// A target: one entry of its file; every rule that a network breaks there.
Json target_entry(const Target& target, const TargetKey& key);
// The entry as text, with its unit.
std::string target_value(const Target& target, const TargetKey& key);
std::string target_source(const Target& target, const TargetKey& key);
Json of(const CheckReport& report, const Target& target);

// A plan, without the network's length; a cost in milliseconds.
Json of(const Plan& plan);
Json of(const Cost& cost);

// What calibration saw of one value; how a quantised package computes, and from what that was
// chosen; frozen norms with what they cost.
Json of(const ValueSummary& summary);
Json of(const CalibrationReport& report);
Json of(const FrozenNormsPoint& point);

// A package by its manifest; what a build made.
Json of(const Package& package);
Json of(const Built& built);

// For each role `<role>_max_abs` (null where the network has none), `tol`, `all_close`; then every
// value compared and everything not compared (docs/verify.md). With integers, what the codes add.
Json of(const VerifyReport& report, const VerifyOptions& options);
Json of(const BitExactReport& report);
Json of(const std::vector<NotCompared>& list);
// Every form of a sensor network with cosine, mse and max_abs; the checklist with its evidence.
Json of(const EquivalenceReport& report);

// A value of two networks; where the quality of a package goes.
Json of(const ValueComparison& value);
Json of(const BisectReport& report);

// What running took, as runtime_metrics.json: `latency_ms` of a run, `rtf`, `load_ms`,
// `parity_max_abs_vs_reference`, `si_snr_N_db`, `power_watts`, `temperature_celsius`, each of
// `pieces`. What was not measured is null, and `not_measured` says why.
Json of(const RuntimeMetrics& metrics);

// Scores; a recording's separation. An infinite ratio is the text "infinite".
Json of(const SeparationScore& score);
Json of(const Separation& separation);

// A network, or two, on a data set: means with their intervals, every item, those that failed, the
// names of the ten worst.
Json of(const Evaluation& evaluation);

// Runs (docs/runs.md): one of a list; one with every case and its failures by family; two compared;
// what an import made, what a removal would take; the tracker of goals.
Json of(const IndexedRun& run);
Json of(const RecordedRun& run);
Json of(const RunDifference& difference);
Json of(const ImportedTable& imported);
Json of(const RemovalCandidate& candidate);
Json of(const Tracker& tracker);

}  // namespace tessera::documents
