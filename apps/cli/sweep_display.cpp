// What a sweep tells at its end.
#include <fmt/format.h>

#include "base/counted.h"
#include "cli/sweep_parts.h"
#include "cli/table.h"
#include "sweep/sweep_report.h"

namespace tessera::cli {

Document sweep_document(const SweepRun& run, const SweepOutcome& outcome) {
  Document cases = Document::array();
  for (const CaseResult& one : outcome.cases) cases.push_back(to_json(one));
  return {{"run", run.folder.string()},
          {"name", run.record.name},
          {"profile", run.record.profile},
          {"target", run.record.target_name},
          {"compiler", to_string(run.record.compiler.kind)},
          {"complete", outcome.complete},
          {"all", outcome.all},
          {"computed", outcome.computed},
          {"cached", outcome.cached},
          {"before", outcome.resumed},
          {"report", to_json(report_of(run, outcome.cases))},
          {"cases", std::move(cases)}};
}

void print_outcome(const SweepRun& run, const SweepOutcome& outcome, Console& console) {
  console.print(
      "{}: {} of {} in summary.tsv; {} computed, {} known from the cache, {} from before\n",
      run.folder.string(), outcome.cases.size(), counted(outcome.all, "case"), outcome.computed,
      outcome.cached, outcome.resumed);
  console.print("{}", report_text(report_of(run, outcome.cases)));
}

}  // namespace tessera::cli
