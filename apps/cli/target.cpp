// tessera target: what is known about chips, and how well it explains recorded compiles.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/target_experiment.h"
#include "cli/target_fit.h"
#include "cli/target_next.h"
#include "cli/target_options.h"
#include "evidence/documents.h"
#include "evidence/target_evidence.h"
#include "tessera/compiler/target.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

constexpr uint64_t kMaxTargetBytes = uint64_t{1} << 20;

// --- list -----------------------------------------------------------------------------------

Result<Document> run_list(Console& console) {
  Table table;
  table.add_columns({"target", "summary"});
  Document targets = Document::array();
  for (const TargetFile& file : list_targets(target_folders())) {
    TESSERA_TRY(const Target target, read_target(file.path));
    table.add_row({file.name, printable(target.summary)});
    targets.push_back(
        {{"name", file.name}, {"summary", target.summary}, {"file", file.path.string()}});
  }
  console.print("{}", table.to_string());
  return Document{{"targets", std::move(targets)}};
}

// --- show -----------------------------------------------------------------------------------

// The file itself: what one's own target starts from.
Result<Document> show_file(const Target& target, Console& console) {
  TESSERA_TRY(const auto bytes, read_file(target.file, kMaxTargetBytes));
  const std::string text(bytes.begin(), bytes.end());
  console.print("{}", text);
  return Document{{"name", target.name}, {"file", target.file.string()}, {"toml", text}};
}

void show_parameters(const Target& target, Document& document, Console& console) {
  if (target.parameters.empty()) return;
  console.print("\nparameters\n");
  for (const auto& [name, parameter] : target.parameters) {
    std::vector<std::string> choices;
    for (const auto& [choice, values] : parameter.choices) choices.push_back(choice);
    console.print("  {:24} {}, of {}\n  {:24}   {}: {}\n", printable(name),
                  printable(parameter.chosen),
                  printable(fmt::format("{}", fmt::join(choices, ", "))), "",
                  printable(parameter.meaning), printable(parameter.source));
    document["parameters"][name] = {{"chosen", parameter.chosen}, {"choices", choices}};
  }
}

Result<Document> run_show(const std::string& name, bool as_file, Console& console) {
  TESSERA_TRY(const Target target, load_target(name));
  if (as_file) return show_file(target, console);
  console.print("{}: {}\n", printable(target.name), printable(target.summary));
  Document document = {
      {"name", target.name}, {"summary", target.summary}, {"file", target.file.string()}};
  std::string_view section;
  console.print("architecture {}, arithmetic of {}\n", to_string(target.architecture),
                to_string(target.arithmetic));
  document["architecture"] = to_string(target.architecture);
  document["arithmetic"] = to_string(target.arithmetic);
  show_parameters(target, document, console);
  for (const TargetKey& key : target_keys()) {
    if (!target.has(key.section, key.name)) continue;
    if (section != to_string(key.section)) {
      section = to_string(key.section);
      console.print("\n{}\n", section);
    }
    console.print("  {:24} {}\n  {:24}   {}\n", key.name,
                  printable(documents::target_value(target, key)), "",
                  printable(documents::target_source(target, key)));
    if (key.section == TargetSection::limits) {
      for (const DataPoint& w : target.limit(key.name).data_points) {
        console.print("  {:24}   witness: {} {} ({})\n", "", w.value, w.outcome,
                      printable(w.source));
      }
    }
    document[std::string(section)][std::string(key.name)] = documents::target_entry(target, key);
  }
  return document;
}

// --- rules ----------------------------------------------------------------------------------

Result<Document> run_rules(bool markdown, Console& console) {
  Document rules = Document::array();
  Table table;
  table.add_columns({"rule", "what must hold", "remedy"});
  for (const Constraint& rule : constraints()) {
    table.add_row({std::string(rule.id), std::string(rule.text), std::string(rule.remedy)});
    rules.push_back({{"rule", rule.id},
                     {"text", rule.text},
                     {"ops", rule.ops},
                     {"entry", fmt::format("{}.{}", to_string(rule.section), rule.key)},
                     {"remedy", rule.remedy}});
  }
  console.print("{}", markdown ? constraints_markdown() : table.to_string());
  return Document{{"rules", std::move(rules)}};
}

// --- score ----------------------------------------------------------------------------------

struct ScoreOptions {
  std::string target;
  std::string outcomes;
  bool all = false;
};

Result<Document> run_score(const ScoreOptions& options, Console& console) {
  TESSERA_TRY(const Target target, load_target(options.target));
  TESSERA_TRY(const auto outcomes, read_outcomes(options.outcomes));
  const Score result = score(outcomes, target);
  Table table;
  table.add_columns({"case", "compiled", "verdict", "judged", "rule", "reason"});
  Document rows = Document::array();
  for (const ScoredOutcome& row : result.rows) {
    rows.push_back({{"case", row.name},
                    {"compiled", row.compiled},
                    {"verdict", to_string(row.verdict)},
                    {"judged", to_string(row.judgement)},
                    {"widest_row_bytes", row.widest_row_bytes},
                    {"rule", row.rule},
                    {"reason", row.reason}});
    if (row.judgement == Judgement::not_counted && !options.all) continue;
    table.add_row({printable(row.name), printable(row.compiled),
                   std::string(to_string(row.verdict)), std::string(to_string(row.judgement)),
                   row.rule, printable(row.reason)});
  }
  console.print("{}\n", table.to_string());
  const int64_t told = result.right + result.unknown + result.wrong;
  console.print("{} of {} tell about fitting: {} right, {} unknown, {} wrong\n", told,
                counted(result.rows.size(), "case"), result.right, result.unknown, result.wrong);
  return Document{{"target", target.name},     {"counted", told},       {"right", result.right},
                  {"unknown", result.unknown}, {"wrong", result.wrong}, {"cases", std::move(rows)}};
}

// --- ledger ---------------------------------------------------------------------------------

struct LedgerOptions {
  std::string target = "hailo8";
  std::string evidence;
  bool misses = false;
};

std::string share(int64_t part, int64_t of) {
  if (of == 0) return "-";
  return fmt::format("{}/{} {:.1f}%", part, of, 100.0 * static_cast<double>(part) / double(of));
}

Result<Document> run_ledger(const LedgerOptions& options, Console& console) {
  TESSERA_TRY(const Target target, load_target(options.target));
  if (target.architecture != Architecture::clusters) {
    return TESSERA_ERROR(kUnsupported, target.name, "has no clusters whose units a ledger counts",
                         "choose a target of clusters: 'tessera target list'");
  }
  TESSERA_TRY(const LedgerEvidence evidence, measure_ledger(options.evidence, target));
  Table table;
  table.add_column("network");
  for (const char* title :
       {"'at least' held", "L3 cuts exact", "rows exact", "SC within 1", "layers", "logical",
        "with helpers", "and est. splits", "clusters over"}) {
    table.add_column(title, Table::Align::right);
  }
  Document networks = Document::array();
  const auto add = [&](const LedgerScore& s) {
    table.add_row({printable(s.network), share(s.layers_honoured, s.layers),
                   share(s.l3_exact, s.l3_layers), share(s.rows_exact, s.rows),
                   share(s.sc_near, s.sc_layers), fmt::to_string(s.physical_layers),
                   fmt::to_string(s.logical_layers), fmt::to_string(s.predicted_layers),
                   s.estimated_layers == 0 ? "-" : fmt::to_string(s.estimated_layers),
                   fmt::format("{}/{}", s.clusters_over, s.clusters)});
    return Document{{"network", s.network},
                    {"layers", s.layers},
                    {"layers_honoured", s.layers_honoured},
                    {"l3_layers", s.l3_layers},
                    {"l3_exact", s.l3_exact},
                    {"rows", s.rows},
                    {"rows_exact", s.rows_exact},
                    {"sc_layers", s.sc_layers},
                    {"sc_within_1", s.sc_near},
                    {"physical_layers", s.physical_layers},
                    {"logical_layers", s.logical_layers},
                    {"predicted_layers", s.predicted_layers},
                    {"estimated_layers", s.estimated_layers},
                    {"clusters", s.clusters},
                    {"clusters_over", s.clusters_over}};
  };
  for (const LedgerScore& one : evidence.networks) networks.push_back(add(one));
  table.add_rule();
  Document total = add(evidence.total);
  console.print("{}", table.to_string());
  if (options.misses) {
    console.print("\n");
    for (const std::string& miss : evidence.misses) console.print("  {}\n", printable(miss));
  }
  return Document{{"target", target.name},
                  {"networks", std::move(networks)},
                  {"total", std::move(total)},
                  {"misses", evidence.misses}};
}

CommandLine* add(CommandLine& app, const char* name, const char* summary, const char* examples) {
  CommandLine* sub = app.add_subcommand(name, summary);
  sub->footer(fmt::format("Examples:\n{}", examples));
  return sub;
}

}  // namespace

Action define_target(CommandLine& app) {
  struct All {
    std::string shown = "hailo8";
    bool as_file = false;
    bool markdown = false;
    ScoreOptions score;
    LedgerOptions ledger;
    ExperimentOptions experiment;
    FitOptions fit;
    TargetDiffOptions diff;
    NextOptions next;
  };
  auto all = std::make_shared<All>();
  add(app, "list", "Targets known here", "  tessera target list\n");
  CommandLine* show = add(app, "show", "Every entry of a target with its source",
                          "  tessera target show hailo8\n"
                          "  tessera target show hailo8 --toml > mine.toml\n");
  add_target_name(*show, all->shown);
  show->add_flag("--toml", all->as_file, "The target file itself, to start one's own from");
  CommandLine* rules = add(app, "rules", "Every rule that 'check' asks",
                           "  tessera target rules\n  tessera target rules --markdown\n");
  rules->add_flag("--markdown", all->markdown, "The page docs/constraints.md");
  CommandLine* score = add(app, "score", "Verdicts against recorded compiles",
                           "  tessera target score hailo8 outcomes_graphs.json\n");
  add_target_name(*score, all->score.target);
  score->add_option("OUTCOMES", all->score.outcomes, "Recorded compiles")
      ->required()
      ->type_name("FILE.json");
  score->add_flag("--all", all->score.all, "Also cases that are no evidence about fitting");
  CommandLine* ledger = add(app, "ledger", "The unit ledger against real allocations",
                            "  tessera target ledger --evidence tests/data/hailo\n");
  ledger->add_option("--evidence", all->ledger.evidence, "Folder with hef_maps/ and alls/")
      ->required()
      ->type_name("DIR");
  ledger->add_flag("--misses", all->ledger.misses, "Name every layer that was not met");
  add_target_option(*ledger, all->ledger.target);
  CommandLine* experiment =
      add(app, "experiment", "Networks whose compiles would settle what is open, and the answers",
          "  tessera target experiment --target hailo8 -o questions\n"
          "  tessera target experiment --read questions\n");
  add_target_option(*experiment, all->experiment.target);
  auto* output = experiment
                     ->add_option("-o,--output", all->experiment.folder,
                                  "The folder to write: networks, data, scripts, run.sh")
                     ->type_name("DIR");
  experiment->add_option("--read", all->experiment.results, "A folder whose run.sh has run")
      ->type_name("DIR")
      ->excludes(output);
  experiment->add_flag("--force", all->experiment.force, "Replace what is in the folder");
  CommandLine* fit = define_target_fit(app, all->fit);
  CommandLine* diff = define_target_diff(app, all->diff);
  CommandLine* next = define_target_next(app, all->next);
  app.footer(
      "Examples:\n"
      "  tessera target list\n"
      "  tessera target show hailo8\n"
      "  tessera target score hailo8 outcomes_graphs.json\n");
  return [all, show, rules, score, ledger, experiment, fit, diff,
          next](Console& console) -> Result<Document> {
    if (show->parsed()) return run_show(all->shown, all->as_file, console);
    if (rules->parsed()) return run_rules(all->markdown, console);
    if (score->parsed()) return run_score(all->score, console);
    if (ledger->parsed()) return run_ledger(all->ledger, console);
    if (experiment->parsed()) return run_experiment(all->experiment, console);
    if (fit->parsed()) return run_fit(all->fit, console);
    if (diff->parsed()) return run_target_diff(all->diff, console);
    if (next->parsed()) return run_next(all->next, console);
    return run_list(console);
  };
}

}  // namespace tessera::cli
