// tessera sweep run-case, collect: what tasks of a cluster call.
#include <fmt/format.h>

#include "base/counted.h"
#include "cli/interrupt.h"
#include "cli/sweep_parts.h"

namespace tessera::cli {

Result<Document> run_one_case(const TaskArguments& options, Console& console) {
  TESSERA_TRY(const SweepRun run, open_run(options.run));
  const Interrupt interrupt;
  TESSERA_TRY(const FinishedCase made,
              run_case_of(run, options.name, {options.cache, [&] { return interrupt.wanted(); }}));
  console.print("{}: har {}, hef {} ({})\n", made.result.name, to_string(made.result.har),
                to_string(made.result.hef), to_string(made.source));
  Document document = to_json(made.result);
  document["source"] = to_string(made.source);
  return document;
}

Result<Document> collect(const TaskArguments& options, Console& console) {
  TESSERA_TRY(SweepRun run, open_run(options.run));
  TESSERA_TRY(const SweepOutcome outcome, collect_run(run));
  print_outcome(run, outcome, console);
  return sweep_document(run, outcome);
}

}  // namespace tessera::cli
