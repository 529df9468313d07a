// tessera explain: what a vendor's tool said, why it failed, and what to do next.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/layer_origin.h"
#include "cli/table.h"
#include "tessera/file.h"
#include "tessera/package.h"
#include "vendor/hailo/log/explanation.h"
#include "vendor/hailo/log/failure_record.h"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;
using hailo::LogExplanation;
using hailo::LogOutcome;

struct ExplainOptions {
  std::vector<std::string> logs;
  std::string package;
  std::string hn;
  std::string failure_folder;
  bool tsv = false;
  bool families = false;
  bool force = false;
};

struct Explained {
  std::string file;
  LogExplanation told;
  std::vector<LayerOrigin> origins;  // of its layers, where a package was given
  std::string failure_log;
};

// --- one log ----------------------------------------------------------------------------------

std::string headline(const LogExplanation& told) {
  const std::string stage =
      told.stage == hailo::LogStage::none ? "" : fmt::format(" ({})", to_string(told.stage));
  switch (told.outcome) {
    case LogOutcome::fail: return fmt::format("failed: {}{}", told.family, stage);
    case LogOutcome::ok:
      return told.family == "ok" ? fmt::format("succeeded{}", stage)
                                 : fmt::format("neither a result nor a failure{}", stage);
    case LogOutcome::info: break;
  }
  return fmt::format("neither a result nor a failure{}", stage);
}

std::string shortened(const std::string& text, size_t most) {
  const std::string line = printable_line(text);
  return line.size() <= most ? line : line.substr(0, most) + " ...";
}

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kShown = 12;
  const std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kShown)));
  const std::string more =
      names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : "";
  return printable_line(fmt::format("{}{}", fmt::join(shown, ", "), more));
}

void print_field(Console& console, const char* name, const std::string& value) {
  if (!value.empty()) console.print("  {:<14}{}\n", name, value);
}

std::string numbers_text(const LogExplanation& told) {
  std::vector<std::string> words;
  for (const auto& [key, value] : told.numbers) words.push_back(fmt::format("{}={}", key, value));
  return shortened(fmt::format("{}", fmt::join(words, "  ")), 600);
}

void print_origin(const LayerOrigin& origin, Console& console) {
  if (origin.piece.empty()) {
    console.print("  {:<14}{}: not mapped: {}\n", "in package", printable_line(origin.layer),
                  origin.why_not);
    return;
  }
  console.print("  {:<14}{} is node {} of piece {} (by {})\n", "in package",
                printable_line(origin.layer), printable_line(origin.node),
                printable_line(origin.piece), origin.via);
  for (const std::string& rule : origin.rules) {
    console.print("  {:<14}predicted by {}\n", "", printable_line(rule));
  }
  if (origin.rules.empty()) console.print("  {:<14}no rule of the target predicts it\n", "");
}

void print_one(const Explained& one, Console& console) {
  const LogExplanation& told = one.told;
  console.print("{}: {}\n", printable_line(one.file), headline(told));
  if (!told.failure_head.empty()) console.print("  {}\n\n", shortened(told.failure_head, 300));
  const hailo::Family* family = hailo::find_family(told.family);
  if (told.outcome == LogOutcome::fail && family != nullptr) {
    print_field(console, "meaning", std::string(family->meaning));
    print_field(console, "next step", printable_line(next_step_of(told)));
  }
  print_field(console, "layers", listed(told.layers));
  for (const LayerOrigin& origin : one.origins) print_origin(origin, console);
  if (told.negative_exponent) {
    print_field(console, "exponent",
                printable_line(fmt::format(
                    "{} needs a shift of {}, it has {} data bits", told.negative_exponent->layer,
                    told.negative_exponent->desired_shift, told.negative_exponent->data_bits)));
  }
  print_field(console, "exception", printable_line(told.exception_type));
  print_field(console, "start nodes", listed(told.recommended_start_nodes));
  print_field(console, "end nodes", listed(told.recommended_end_nodes));
  print_field(console, "tool",
              printable_line(told.tool + (told.version.empty() ? "" : ", " + told.version)));
  print_field(console, "numbers", numbers_text(told));
  for (const hailo::UtilizationTable& table : told.utilization) {
    const auto& last = table.rows.back();
    if (last.name != "Total") continue;
    print_field(console, "utilisation",
                printable_line(fmt::format("{}{}control {} %, compute {} %, memory {} %",
                                           table.context, table.context.empty() ? "" : ": ",
                                           last.control, last.compute, last.memory)));
  }
  print_field(console, "written", one.failure_log);
}

// --- several ----------------------------------------------------------------------------------

void print_table(const std::vector<Explained>& all, Console& console) {
  Table table;
  table.add_columns({"log", "verdict", "family", "stage", "layers", "exception", "message"});
  for (const Explained& one : all) {
    table.add_row({printable_line(one.file), std::string(to_string(one.told.outcome)),
                   one.told.family, std::string(to_string(one.told.stage)), listed(one.told.layers),
                   printable_line(one.told.exception_type), shortened(one.told.failure_head, 60)});
  }
  console.print("{}", table.to_string());
  std::set<std::string> shown;
  for (const Explained& one : all) {
    for (const LayerOrigin& origin : one.origins) print_origin(origin, console);
    const hailo::Family* family = hailo::find_family(one.told.family);
    if (one.told.outcome != LogOutcome::fail || family == nullptr ||
        !shown.insert(one.told.family).second)
      continue;
    console.print("\n{}: {}\n  next: {}\n", family->name, family->meaning, family->next_step);
  }
}

Document origin_json(const LayerOrigin& origin) {
  return {{"layer", origin.layer}, {"piece", origin.piece}, {"node", origin.node},
          {"via", origin.via},     {"rules", origin.rules}, {"not_mapped", origin.why_not}};
}

Document document_of(const std::vector<Explained>& all) {
  Document logs = Document::array();
  for (const Explained& one : all) {
    Document log = hailo::explanation_json(one.told, one.file);
    log["origins"] = Document::array();
    for (const LayerOrigin& origin : one.origins) log["origins"].push_back(origin_json(origin));
    log["failure_log"] = one.failure_log;
    logs.push_back(std::move(log));
  }
  return {{"logs", std::move(logs)}};
}

// CASE_compile_failure.txt and .json of a failure; those of one folder appear together.
Result<void> write_failures(std::vector<Explained>& all, const ExplainOptions& options) {
  TESSERA_TRY_VOID(ensure_directory(options.failure_folder));
  std::vector<AtomicFile> written;
  std::set<std::string> names;
  for (Explained& one : all) {
    if (one.told.outcome != LogOutcome::fail) continue;
    const std::string stem = fs::path(one.file).stem().string();
    if (!names.insert(stem).second) {
      return TESSERA_ERROR(kInvalidArgument, one.file, "has the name of another log",
                           "explain logs of one name one by one, each into a folder of its own");
    }
    const fs::path base = fs::path(options.failure_folder) / (stem + "_compile_failure");
    const WriteOptions how{.force = options.force};
    TESSERA_TRY(AtomicFile text,
                write_sealed(base.string() + ".txt",
                             std::string_view(hailo::failure_text(one.told, one.file)), how));
    TESSERA_TRY(AtomicFile json,
                write_sealed(base.string() + ".json",
                             std::string_view(print_json(hailo::failure_json(one.told))), how));
    written.push_back(std::move(text));
    written.push_back(std::move(json));
    one.failure_log = base.string() + ".txt";
  }
  for (AtomicFile& file : written) TESSERA_TRY_VOID(file.commit());
  return {};
}

Result<std::optional<LayerOrigins>> origins_of(const ExplainOptions& options) {
  if (options.package.empty()) return std::optional<LayerOrigins>();
  LayerNames names;
  if (!options.hn.empty()) {
    TESSERA_TRY(names, read_layer_names(options.hn));
  }
  TESSERA_TRY(const Package package, Package::open(options.package));
  TESSERA_TRY(LayerOrigins origins, LayerOrigins::of(package, std::move(names)));
  return std::optional(std::move(origins));
}

Result<Document> run_families(Console& console) {
  Document families = Document::array();
  for (const hailo::Family& family : hailo::families()) {
    families.push_back({{"family", family.name},
                        {"stage", to_string(family.stage)},
                        {"meaning", family.meaning},
                        {"next_step", family.next_step}});
  }
  console.print("{}", hailo::families_markdown());
  return Document{{"families", std::move(families)}};
}

Result<Document> run_explain(const ExplainOptions& options, Console& console) {
  if (options.families) return run_families(console);
  if (options.logs.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "tessera explain", "no log is named",
                         "name the files a tool wrote, or give --families");
  }
  TESSERA_TRY(const std::optional<LayerOrigins> origins, origins_of(options));
  std::vector<Explained> all;
  for (const std::string& file : options.logs) {
    TESSERA_TRY(LogExplanation told, hailo::explain_log_file(file));
    Explained one{file, std::move(told), {}, {}};
    for (size_t i = 0; origins && i < one.told.layers.size(); ++i) {
      one.origins.push_back(origins->find(one.told.layers[i]));
    }
    all.push_back(std::move(one));
  }
  if (!options.failure_folder.empty()) TESSERA_TRY_VOID(write_failures(all, options));
  if (options.tsv) {
    console.print("{}", hailo::summary_tsv_header());
    for (const Explained& one : all) {
      console.print("{}", hailo::summary_tsv_row(one.told, one.file, one.failure_log));
    }
  } else if (all.size() == 1) {
    print_one(all.front(), console);
  } else {
    print_table(all, console);
  }
  return document_of(all);
}

}  // namespace

Action define_explain(CommandLine& app) {
  auto options = std::make_shared<ExplainOptions>();
  app.add_option("LOG", options->logs,
                 "Output or log files of Hailo's Dataflow Compiler, Model Zoo, HailoRT or driver")
      ->type_name("FILE.log...");
  app.add_option("--package", options->package,
                 "Find the failing layers in the pieces of this package")
      ->type_name("FILE.tess");
  app.add_option("--hn", options->hn,
                 "The network's HN, whose original names map the compiler's layers to ours")
      ->type_name("FILE.hn");
  app.add_flag("--tsv", options->tsv, "A row per log with the columns of a run's summary");
  app.add_option("--failure-files", options->failure_folder,
                 "Write NAME_compile_failure.txt and .json of every failure into this folder")
      ->type_name("DIR");
  app.add_flag("--force", options->force, "Replace files that exist");
  app.add_flag("--families", options->families,
               "All families with meaning and next step, and no log");
  app.footer(
      "A log that is read is explained, and the command succeeds, whatever the log says.\n\n"
      "Examples:\n"
      "  tessera explain compile.log\n"
      "  tessera explain compile.log parse.log --tsv > summary.tsv\n"
      "  tessera explain compile.log --package net.tess --failure-files failures\n"
      "  tessera explain --families\n");
  return [options](Console& console) { return run_explain(*options, console); };
}

}  // namespace tessera::cli
