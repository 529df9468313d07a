#include "cli/target_next.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/counted.h"
#include "base/shell_word.h"
#include "cli/hints.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "evidence/fit/next.h"
#include "tessera/compiler/rewrite.h"

namespace tessera::cli {
namespace {

std::string milliseconds(double seconds) {
  return fmt::format("{:.2f}", seconds * 1e3);
}

Document of(const Proposal& one) {
  return {{"entry", one.entry},
          {"number", one.word.empty() ? Document(one.number) : Document()},
          {"word", one.word},
          {"plan_ms", one.plan_s * 1e3},
          {"gain_ms", one.gain_s * 1e3},
          {"probability", one.probability},
          {"value_ms", one.value_s() * 1e3},
          {"case", one.experiment.name}};
}

Result<NextReport> ask(const NextOptions& options, const Target& target, Console& console) {
  TESSERA_TRY(const ImportedModel model, load_model(options.model, ImportNotes::warnings, console));
  Graph legal = model.graph;
  const Progress progress(console, "planning");
  TESSERA_TRY(const RewriteLog log, rewrite(legal));
  if (!log.not_legal.empty()) {
    return TESSERA_ERROR(kUnsupported, options.model.path, log.not_legal,
                         rule_reasons_hint(options.model.path));
  }
  return propose_next(legal, target);
}

}  // namespace

Result<Document> run_next(const NextOptions& options, Console& console) {
  if (options.count < 1) {
    return TESSERA_ERROR(kInvalidArgument, "--count", "must be at least 1", "give --count 5");
  }
  TESSERA_TRY(const Target target, load_target(options.target));
  if (!options.folder.empty() && !target.name.starts_with("hailo")) {
    return TESSERA_ERROR(kUnsupported, target.name, "has no compiler that Tessera can ask",
                         "leave -o out, or choose a target of Hailo's: 'tessera target list'");
  }
  TESSERA_TRY(NextReport report, ask(options, target, console));
  if (report.proposals.size() > static_cast<size_t>(options.count))
    report.proposals.resize(static_cast<size_t>(options.count));
  Table table;
  table.add_columns({"entry", "try"});
  table.add_columns({"plan ms", "gain ms", "likely", "value ms"}, Table::Align::right);
  Document document{{"target", target.name},
                    {"today_ms", report.today_s * 1e3},
                    {"proposals", Document::array()},
                    {"no_gain", report.no_gain}};
  std::vector<ExperimentCase> cases;
  for (Proposal& one : report.proposals) {
    table.add_row({one.entry, one.word.empty() ? fmt::to_string(one.number) : printable(one.word),
                   milliseconds(one.plan_s), milliseconds(one.gain_s),
                   fmt::format("{:.0f} %", 100 * one.probability), milliseconds(one.value_s())});
    document["proposals"].push_back(of(one));
    cases.push_back(std::move(one.experiment));
  }
  console.print("the best plan today takes {} ms, estimated\n", milliseconds(report.today_s));
  if (cases.empty()) {
    console.print("no open entry of {} makes a faster plan\n", printable(target.name));
  } else {
    console.print("\n{}", table.to_string());
  }
  if (!report.no_gain.empty())
    console.print("\nopen, and without a gain: {}\n",
                  printable(fmt::format("{}", fmt::join(report.no_gain, ", "))));
  if (options.folder.empty() || cases.empty()) return document;
  TESSERA_TRY_VOID(write_experiment(target, cases, options.folder, options.force));
  document["folder"] = options.folder;
  console.print(
      "\n{} in {}\nwhere the compiler is: {}/run.sh; then: tessera target fit {} "
      "--target {} -o mine.toml\n",
      counted(cases.size(), "case"), printable(options.folder), shell_path(options.folder),
      shell_path(options.folder), options.target);
  return document;
}

CommandLine* define_target_next(CommandLine& app, NextOptions& options) {
  CommandLine* next =
      app.add_subcommand("next", "The experiments from which a network's plan would gain most");
  add_model_options(*next, options.model, true);
  add_target_option(*next, options.target);
  next->add_option("--count", options.count, "How many at most")
      ->type_name("NUMBER")
      ->capture_default_str();
  next->add_option("-o,--output", options.folder, "Also write them, for the vendor's compiler")
      ->type_name("DIR");
  next->add_flag("--force", options.force, "Replace what is in the folder");
  next->footer(
      "Examples:\n"
      "  tessera target next model.pth --target hailo8 -o questions\n"
      "  tessera target fit questions --target hailo8 -o mine.toml\n");
  return next;
}

}  // namespace tessera::cli
