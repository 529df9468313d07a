// tessera target experiment: questions for a machine that has the vendor's compiler, and its
// answers.
#include "cli/target_experiment.h"

#include <fmt/format.h>

#include "base/counted.h"
#include "base/shell_word.h"
#include "cli/output_files.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "evidence/experiment.h"

namespace tessera::cli {
namespace {

Result<Document> write(const ExperimentOptions& options, Console& console) {
  if (options.folder.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "--output", "no folder is named",
                         "add -o FOLDER to write experiments, or --read FOLDER for their results");
  }
  TESSERA_TRY(const Target target, load_target(options.target));
  if (!target.name.starts_with("hailo")) {
    return TESSERA_ERROR(kUnsupported, target.name, "has no compiler that Tessera can ask",
                         "choose a target of Hailo's: 'tessera target list'");
  }
  const std::vector<ExperimentCase> cases = experiment_cases(target);
  TESSERA_TRY_VOID(write_experiment(target, cases, options.folder, options.force));
  Table table;
  table.add_columns({"case", "what it asks"});
  Document document{{"target", target.name}, {"folder", options.folder}};
  for (const ExperimentCase& one : cases) {
    table.add_row({one.name, one.question});
    document["cases"].push_back({{"name", one.name}, {"question", one.question}});
  }
  console.print(
      "{}\n{} in {}\nwhere the compiler is: {}/run.sh; then: tessera target experiment "
      "--read {}\n",
      table.to_string(), counted(cases.size(), "case"), printable(options.folder),
      shell_path(options.folder), shell_path(options.folder));
  return document;
}

Result<Document> read(const std::string& folder, Console& console) {
  TESSERA_TRY(const ExperimentReport report, read_experiment(folder));
  Table table;
  table.add_columns({"case", "expected", "outcome", "family", "what it asks"});
  Document document{{"target", report.target}, {"cases", Document::array()}};
  size_t decided = 0;
  for (const ExperimentRow& row : report.rows) {
    const std::string outcome(to_string(row.outcome));
    decided += row.outcome == ExperimentOutcome::passes || row.outcome == ExperimentOutcome::fails;
    table.add_row(
        {row.name, printable(row.expected), outcome, row.told.family, printable(row.question)});
    document["cases"].push_back({{"name", row.name},
                                 {"question", row.question},
                                 {"expected", row.expected},
                                 {"outcome", outcome},
                                 {"family", row.told.family},
                                 {"layers", row.told.layers},
                                 {"version", row.told.version}});
  }
  console.print("{}\n{} of {} decided\n", table.to_string(), decided,
                counted(report.rows.size(), "case"));
  if (!report.toml.empty()) {
    console.print("\nfor a target file of your own (tessera target show {} --toml):\n\n{}",
                  printable(report.target), report.toml);
  }
  document["decided"] = decided;
  document["toml"] = report.toml;
  return document;
}

}  // namespace

Result<Document> run_experiment(const ExperimentOptions& options, Console& console) {
  return options.results.empty() ? write(options, console) : read(options.results, console);
}

}  // namespace tessera::cli
