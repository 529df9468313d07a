// tessera target fit: narrows the limits of a target file by what the vendor's compiler did.
#include "cli/target_fit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "base/counted.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "evidence/fit/fit.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

constexpr uint64_t kMaxTargetFileBytes = uint64_t{1} << 20;

Document ends(const std::optional<int64_t>& pass, const std::optional<int64_t>& fail) {
  return {{"pass", pass ? Document(*pass) : Document()},
          {"fail", fail ? Document(*fail) : Document()}};
}

Document of(const FitChange& change) {
  Document witnesses = Document::array();
  for (const FitWitness& one : change.witnesses) {
    witnesses.push_back({{"value", one.value},
                         {"outcome", one.passed ? "passes" : "fails"},
                         {"source", one.source}});
  }
  return {{"entry", "limits." + change.limit},
          {"unit", change.before.unit},
          {"before", ends(change.before.pass, change.before.fail)},
          {"after", ends(change.pass, change.fail)},
          {"witnesses", std::move(witnesses)}};
}

void print_changes(const FitReport& report, Console& console) {
  if (report.changes.empty()) return;
  Table table;
  table.add_columns({"entry", "before", "after", "witnesses"});
  for (const FitChange& change : report.changes) {
    Limit after = change.before;
    after.pass = change.pass;
    after.fail = change.fail;
    std::vector<std::string> witnesses;
    for (const FitWitness& one : change.witnesses)
      witnesses.push_back(
          fmt::format("{} {}: {}", one.value, one.passed ? "passes" : "fails", one.source));
    table.add_row({"limits." + change.limit, change.before.to_string(), after.to_string(),
                   printable(fmt::format("{}", fmt::join(witnesses, "; ")))});
  }
  console.print("{}\n", table.to_string());
}

void print_conjunctions(const FitReport& report, Console& console) {
  for (const FitConjunction& one : report.conjunctions) {
    if (one.suspects.empty()) {
      console.print("{} fails though every entry was known to be kept: no limit moves\n",
                    printable(one.witness));
    } else {
      console.print("{} fails, and the cause is one of: {}; no limit moves\n",
                    printable(one.witness), fmt::join(one.suspects, ", "));
    }
  }
}

}  // namespace

Result<Document> run_fit(const FitOptions& options, Console& console) {
  TESSERA_TRY(const Target target, load_target(options.target));
  FitInput input;
  for (const std::string& path : options.evidence) {
    TESSERA_TRY(FitInput one, read_fit_evidence(path, target));
    std::move(one.rows.begin(), one.rows.end(), std::back_inserter(input.rows));
    std::move(one.ignored.begin(), one.ignored.end(), std::back_inserter(input.ignored));
  }
  TESSERA_TRY(const FitReport report, fit_target(target, input.rows));
  TESSERA_TRY(const auto bytes, read_file(target.file, kMaxTargetFileBytes));
  TESSERA_TRY(const std::string text,
              with_changes({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                           report.changes, target.file.string()));
  TESSERA_TRY_VOID(write_file_atomically(options.output, text, {.force = options.force}));
  print_changes(report, console);
  print_conjunctions(report, console);
  console.print("{} {} and {} of {}; {} left out as no evidence; {} changed in {}\n", report.passes,
                noun_for(report.passes, "pass", "passes"), counted(report.failures, "failure"),
                printable(target.name), counted(input.ignored.size(), "case"),
                counted(report.changes.size(), "limit"), printable(options.output));
  Document document{{"target", target.name},        {"output", options.output},
                    {"passes", report.passes},      {"failures", report.failures},
                    {"changes", Document::array()}, {"undecided", Document::array()},
                    {"ignored", input.ignored}};
  for (const FitChange& change : report.changes) document["changes"].push_back(of(change));
  for (const FitConjunction& one : report.conjunctions)
    document["undecided"].push_back({{"case", one.witness}, {"suspects", one.suspects}});
  return document;
}

CommandLine* define_target_fit(CommandLine& app, FitOptions& options) {
  CommandLine* fit =
      app.add_subcommand("fit", "A target file of one's own, by what the vendor's compiler did");
  fit->add_option("EVIDENCE", options.evidence,
                  "Run folders, experiment folders, recorded outcomes, compiled files")
      ->required()
      ->type_name("DIR|FILE.json|FILE.hef");
  add_target_option(*fit, options.target);
  fit->add_option("-o,--output", options.output, "The target file to write")
      ->required()
      ->type_name("FILE.toml");
  fit->add_flag("--force", options.force, "Replace the output");
  fit->footer(
      "Examples:\n"
      "  tessera target fit outcomes_graphs.json --target hailo8 -o mine.toml\n"
      "  tessera target fit questions outcomes_graphs.json -o mine.toml\n");
  return fit;
}

}  // namespace tessera::cli
