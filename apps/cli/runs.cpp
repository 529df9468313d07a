// tessera runs: what was run, how it ended, what changed between two runs; and old results as runs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/runs_folder.h"
#include "cli/table.h"
#include "evidence/documents.h"
#include "evidence/runs/find_run.h"
#include "evidence/runs/run_diff.h"
#include "evidence/runs/run_import.h"
#include "evidence/runs/run_removal.h"

namespace tessera::cli {
namespace {

struct RunsOptions {
  std::string runs;
  std::string kind;                   // ls
  std::string run, other;             // show, diff
  std::optional<int64_t> keep, days;  // gc
  bool dry_run = false;
  std::string source, name, target;  // import
  bool force = false;
};

// --- ls -------------------------------------------------------------------------------------

Result<Document> run_ls(const RunsOptions& options, Console& console) {
  TESSERA_TRY(const RunIndex index, open_runs(options.runs, console));
  TESSERA_TRY(const std::vector<IndexedRun> runs, index.runs());
  Table table;
  table.add_columns({"run", "kind", "state", "compiler", "target"});
  for (const char* title : {"cases", "finished", "translated", "compiled", "failed"})
    table.add_column(title, Table::Align::right);
  Document listed = Document::array();
  for (const IndexedRun& run : runs) {
    if (!options.kind.empty() && run.info.kind != options.kind) continue;
    listed.push_back(documents::of(run));
    if (!run.problem.empty()) {
      console.warning(printable_line(run.problem));
      continue;
    }
    table.add_row({printable_line(run.info.folder), printable_line(run.info.kind),
                   printable_line(run.info.state), printable_line(compiler_text(run.info)),
                   printable_line(run.info.target), fmt::to_string(run.cases),
                   fmt::to_string(run.finished), fmt::to_string(run.har_passed),
                   fmt::to_string(run.hef_passed), fmt::to_string(run.failed)});
  }
  if (listed.empty()) {
    console.print("no runs in {}\n", index.root().string());
  } else {
    console.print("{}", table.to_string());
  }
  return Document{{"folder", index.root().string()}, {"runs", std::move(listed)}};
}

// --- show -----------------------------------------------------------------------------------

void print_cases(const RecordedRun& run, Console& console) {
  Table table;
  table.add_columns({"case", "outcome", "signature", "layer", "file"});
  std::map<std::string, std::vector<std::string>> families;
  for (const RecordedCase& one : run.cases) {
    const std::string& file = !one.hef_path.empty()   ? one.hef_path
                              : !one.har_path.empty() ? one.har_path
                                                      : one.result_path;
    table.add_row({printable_line(one.name), printable_line(outcome_text(one)),
                   printable_line(one.signature), printable_line(one.layer), printable_line(file)});
    if (one.failed()) families[one.family.empty() ? "unknown" : one.family].push_back(one.name);
  }
  console.print("{}", table.to_string());
  if (families.empty()) return;
  console.print("\nfailures by family\n");
  for (const auto& [family, cases] : families) {
    console.print("  {:<28} {:>5}  {}\n", printable_line(family), cases.size(),
                  printable_line(fmt::format("{}", fmt::join(cases, ", "))));
  }
}

Result<Document> run_show(const RunsOptions& options, Console& console) {
  TESSERA_TRY(const auto folder, find_run(runs_folder(options.runs), options.run));
  TESSERA_TRY(const RecordedRun run, read_run(folder));
  for (const std::string& note : run.notes) console.warning(printable_line(note));
  int64_t finished = 0;
  for (const RecordedCase& one : run.cases) finished += one.finished ? 1 : 0;
  console.print("{}: {} '{}', {}, {} of {}\n", folder.string(), printable_line(run.info.kind),
                printable_line(run.info.name), printable_line(run.info.state), finished,
                counted(run.cases.size(), "case"));
  const auto or_unknown = [](const std::string& text) {
    return text.empty() ? std::string("not recorded") : printable_line(text);
  };
  console.print(
      "compiler {}{}, target {}, begun {}, Tessera {}\n\n", printable_line(compiler_text(run.info)),
      run.info.is_builtin() ? " (no evidence about a chip)" : "", or_unknown(run.info.target),
      or_unknown(run.info.created), or_unknown(run.info.tessera));
  print_cases(run, console);
  Document document = documents::of(run);
  document["folder"] = folder.string();
  return document;
}

// --- diff -----------------------------------------------------------------------------------

Result<Document> run_diff_of_runs(const RunsOptions& options, Console& console) {
  const auto root = runs_folder(options.runs);
  TESSERA_TRY(const auto first, find_run(root, options.run));
  TESSERA_TRY(const auto second, find_run(root, options.other));
  TESSERA_TRY(const RecordedRun before, read_run(first));
  TESSERA_TRY(const RecordedRun after, read_run(second));
  for (const RecordedRun* run : {&before, &after})
    for (const std::string& note : run->notes) console.warning(printable_line(note));
  const RunDifference difference = diff_runs(before, after);
  if (!difference.changed.empty()) {
    Table table;
    table.add_columns({"case", "before", "after"});
    for (const CaseDifference& one : difference.changed)
      table.add_row({printable_line(one.name), printable_line(outcome_text(one.before)),
                     printable_line(outcome_text(one.after))});
    console.print("{}", table.to_string());
  }
  for (const auto& [word, names] :
       {std::pair{"appeared", &difference.appeared}, std::pair{"vanished", &difference.vanished}}) {
    if (!names->empty())
      console.print("{}: {}\n", word, printable_line(fmt::format("{}", fmt::join(*names, ", "))));
  }
  console.print("{} the same, {} changed, {} appeared, {} vanished\n", difference.same,
                difference.changed.size(), difference.appeared.size(), difference.vanished.size());
  Document document = documents::of(difference);
  document["before"] = first.string();
  document["after"] = second.string();
  if (difference.is_same()) return document;
  console.keep(std::move(document));
  return TESSERA_ERROR(kMismatch, second.string(),
                       fmt::format("{} ended otherwise than in {}",
                                   counted(difference.changed.size() + difference.appeared.size() +
                                               difference.vanished.size(),
                                           "case"),
                                   first.string()),
                       "each is named above");
}

// --- gc -------------------------------------------------------------------------------------

Result<Document> run_gc(const RunsOptions& options, Console& console) {
  if (!options.keep && !options.days) {
    return TESSERA_ERROR(kInvalidArgument, "runs gc", "does not know which runs may go",
                         "--keep N keeps the newest, --older-than DAYS takes the old ones; "
                         "--dry-run only tells");
  }
  TESSERA_TRY(const RunIndex index, open_runs(options.runs, console));
  if (!options.dry_run) TESSERA_TRY_VOID(finish_removals(index.root()));
  TESSERA_TRY(const std::vector<RemovalCandidate> candidates,
              removal_candidates(index, {options.keep, options.days, options.force},
                                 static_cast<int64_t>(std::time(nullptr))));
  Document removed = Document::array(), kept = Document::array();
  int64_t bytes = 0;
  const char* verb = options.dry_run ? "would be removed" : "removed";
  for (const RemovalCandidate& one : candidates) {
    if (!one.kept.empty()) {
      console.print("kept     {}: {}\n", printable_line(one.run), one.kept);
      kept.push_back(documents::of(one));
      continue;
    }
    if (!options.dry_run) TESSERA_TRY_VOID(remove_run(index.root(), one.run));
    console.print("{} {}, {}\n", verb, printable_line(one.run), bytes_text(one.bytes));
    bytes += one.bytes;
    removed.push_back(documents::of(one));
  }
  console.print("{} {}: {}\n", counted(removed.size(), "run"), verb, grouped(bytes, "byte"));
  return Document{{"folder", index.root().string()},
                  {"dry_run", options.dry_run},
                  {"removed", std::move(removed)},
                  {"kept", std::move(kept)},
                  {"bytes", bytes}};
}

// --- import ---------------------------------------------------------------------------------

Result<Document> run_import(const RunsOptions& options, Console& console) {
  TESSERA_TRY(const auto tables, find_tables(options.source));
  const auto root = runs_folder(options.runs);
  Document imported = Document::array(), left_out = Document::array();
  std::optional<Error> first_error;
  size_t bad_rows = 0;
  for (const auto& table : tables) {
    auto result = import_table(table, root, {options.name, options.target, options.force});
    if (!result) {
      if (tables.size() == 1) return std::move(result).error();
      console.warning(printable_line(result.error().to_string()));
      left_out.push_back({{"table", table.string()}, {"why", result.error().to_string()}});
      // That a table was imported before is no failure of importing its folder.
      if (result.error().code != ErrorCode::kAlreadyExists && !first_error)
        first_error = std::move(result).error();
      continue;
    }
    for (const std::string& row : result->bad_rows)
      console.warning("left out: " + printable_line(row));
    bad_rows += result->bad_rows.size();
    console.print("{}: {} as {}, {} of their files found\n", printable_line(table.string()),
                  counted(result->cases, "case"), (root / result->run).string(),
                  result->found_files);
    imported.push_back(documents::of(*result));
  }
  Document document{{"folder", root.string()},
                    {"imported", std::move(imported)},
                    {"left_out", std::move(left_out)}};
  if (!first_error && bad_rows == 0) return document;
  console.keep(std::move(document));
  if (first_error) return *first_error;
  return TESSERA_ERROR(
      kCorrupt, options.source,
      fmt::format("{} left out; the others are imported",
                  bad_rows == 1 ? "a row was" : fmt::format("{} rows were", bad_rows)),
      "each is named above: correct it, and import again with --force");
}

CommandLine* add_runs_command(CommandLine& app, RunsOptions& options, const char* name,
                              const char* summary, const char* footer) {
  CommandLine* sub = app.add_subcommand(name, summary);
  add_runs_option(*sub, options.runs);
  sub->footer(footer);
  return sub;
}

constexpr const char* kRunText = "A run: its folder, its stamp, or the beginning of its name";

}  // namespace

Action define_runs(CommandLine& app) {
  auto options = std::make_shared<RunsOptions>();
  CommandLine* ls = add_runs_command(app, *options, "ls", "All runs, with counts",
                                     "Examples:\n  tessera runs ls\n"
                                     "  tessera runs ls --kind imported --json");
  ls->add_option("--kind", options->kind, "Only runs of this kind: sweep, imported")
      ->type_name("KIND");
  CommandLine* show =
      add_runs_command(app, *options, "show", "One run: cases, outcomes, failures by family, files",
                       "Examples:\n  tessera runs show runs/micro\n"
                       "  tessera runs show runs/micro --json");
  show->add_option("RUN", options->run, kRunText)->required()->type_name("RUN");
  CommandLine* diff = add_runs_command(
      app, *options, "diff", "Cases whose outcome changed from one run to another",
      "The exit code is 0 where no case changed, appeared or vanished, else that of a mismatch.\n\n"
      "Examples:\n  tessera runs diff runs/micro runs/again");
  diff->add_option("RUN1", options->run, kRunText)->required()->type_name("RUN");
  diff->add_option("RUN2", options->other, "The run to compare with it")
      ->required()
      ->type_name("RUN");
  CommandLine* gc = add_runs_command(
      app, *options, "gc", "Remove old runs",
      "A run in which a program works always stays. Without --force one that is not finished stays "
      "too, and one\nwhose file stands behind a tick of 'tessera status'.\n\n"
      "Examples:\n  tessera runs gc --keep 20 --dry-run\n  tessera runs gc --older-than 90");
  auto* keep = gc->add_option("--keep", options->keep, "Keep the newest, so many")
                   ->within(0, 1e9)
                   ->type_name("N");
  gc->add_option("--older-than", options->days, "Take those that were begun longer ago")
      ->within(0, 1e6)
      ->type_name("DAYS")
      ->excludes(keep);
  gc->add_flag("--dry-run", options->dry_run, "Only tell what would go");
  gc->add_flag("--force", options->force, "Also runs that are not finished or stand behind a tick");
  CommandLine* import = add_runs_command(
      app, *options, "import", "Summary tables of earlier compiles as runs",
      "A table's first line names at least module, har_success and hef_success, tab separated. Of "
      "a "
      "folder, every\nsuch table becomes a run. Rows that are none are named by line and left "
      "out.\n\n"
      "Examples:\n  tessera runs import module_runs\n"
      "  tessera runs import module_runs/micro_summary.tsv --name micro --target hailo8");
  import->add_option("SOURCE", options->source, "A table, or a folder of them")
      ->required()
      ->type_name("FILE.tsv|DIR");
  import
      ->add_option("--name", options->name,
                   "The sweep that was run, as 'tessera status' names goals; default: the file's")
      ->type_name("NAME");
  import->add_option("--target", options->target, "The chip that was compiled for")
      ->type_name("TARGET");
  import->add_flag("--force", options->force, "Import a table again");
  app.footer("Examples:\n  tessera runs ls");
  return [options, ls, show, diff, gc, import](Console& console) -> Result<Document> {
    if (ls->parsed()) return run_ls(*options, console);
    if (show->parsed()) return run_show(*options, console);
    if (diff->parsed()) return run_diff_of_runs(*options, console);
    if (gc->parsed()) return run_gc(*options, console);
    return run_import(*options, console);
  };
}

}  // namespace tessera::cli
