// tessera check: would this network fit on a chip, and if not, every reason why.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "evidence/documents.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/target.h"

namespace tessera::cli {
namespace {

struct CheckArguments {
  ModelOptions model;
  std::string target = "hailo8";
  int64_t batch = 1;
  bool summary = false;
  bool all = false;
};

// Every violation with its limit and remedy.
std::string all_violations_text(const CheckReport& report) {
  Table table;
  table.add_columns({"node", "operation", "rule", "verdict"});
  table.add_column("value", Table::Align::right);
  table.add_columns({"limit", "remedy"});
  for (const Violation& v : report.violations) {
    table.add_row({printable(v.node_name), v.op, std::string(v.rule),
                   std::string(to_string(v.verdict)), v.value, v.limit, v.remedy});
  }
  return table.to_string();
}

// Violations of a rule by operations of one kind, with one verdict.
struct Fold {
  const Violation* first;
  const Violation* worst;
  int64_t count = 1;
};

bool belongs(const Violation& v, const Fold& fold) {
  const Violation& other = *fold.first;
  const bool is_word = v.number == 0;
  return v.rule == other.rule && v.op == other.op && v.verdict == other.verdict &&
         (other.number == 0) == is_word && (!is_word || v.value == other.value);
}

std::string folded_violations_text(const CheckReport& report) {
  std::vector<Fold> folds;
  for (const Violation& v : report.violations) {
    const auto found = std::find_if(folds.begin(), folds.end(),
                                    [&](const Fold& fold) { return belongs(v, fold); });
    if (found == folds.end()) {
      folds.push_back({&v, &v});
      continue;
    }
    ++found->count;
    if (v.number > found->worst->number) found->worst = &v;
  }
  Table table;
  table.add_columns({"node", "operation", "rule", "verdict"});
  table.add_column("worst value", Table::Align::right);
  for (const Fold& fold : folds) {
    std::string node = printable(fold.first->node_name);
    if (fold.count > 1) node += fmt::format(" x {}", fold.count);
    table.add_row({std::move(node), fold.first->op, std::string(fold.first->rule),
                   std::string(to_string(fold.first->verdict)), fold.worst->value});
  }
  return table.to_string();
}

// One row per rule: how many nodes it refuses or leaves open, and the worst of them.
std::string summary_text(const CheckReport& report) {
  struct Sum {
    int64_t refused = 0;
    int64_t open = 0;
    const Violation* worst = nullptr;
  };
  std::map<std::string_view, Sum> sums;
  for (const Violation& v : report.violations) {
    Sum& sum = sums[v.rule];
    ++(v.verdict == Verdict::does_not_fit ? sum.refused : sum.open);
    if (sum.worst == nullptr || v.verdict > sum.worst->verdict ||
        (v.verdict == sum.worst->verdict && v.number > sum.worst->number)) {
      sum.worst = &v;
    }
  }
  Table table;
  table.add_column("rule");
  table.add_columns({"does not fit", "unknown", "worst value"}, Table::Align::right);
  table.add_columns({"at node", "limit", "remedy"});
  for (const Constraint& rule : constraints()) {
    const auto found = sums.find(rule.id);
    if (found == sums.end()) continue;
    const auto& [refused, open, worst] = found->second;
    table.add_row({std::string(rule.id), fmt::to_string(refused), fmt::to_string(open),
                   worst->value, printable(worst->node_name), worst->limit, worst->remedy});
  }
  return table.to_string();
}

std::vector<const Violation*> violations_of(const Constraint& rule, const CheckReport& report) {
  std::vector<const Violation*> found;
  for (const Violation& v : report.violations) {
    if (v.rule == rule.id) found.push_back(&v);
  }
  return found;
}

// The limits of the rules above and what would help, once per rule.
std::string limits_text(const CheckReport& report) {
  std::string text;
  for (const Constraint& rule : constraints()) {
    std::vector<std::string_view> remedies;
    const auto found = violations_of(rule, report);
    for (const Violation* v : found) {
      const bool is_new = std::find(remedies.begin(), remedies.end(), v->remedy) == remedies.end();
      if (!v->remedy.empty() && is_new) remedies.push_back(v->remedy);
    }
    if (found.empty()) continue;
    text += fmt::format("  {}: {}", rule.id, found.front()->limit);
    text += remedies.empty() ? "\n" : fmt::format("; remedy: {}\n", fmt::join(remedies, " or "));
  }
  return text;
}

// What the rules above ask, and why their limits are what they are: once per rule.
std::string sources_text(const CheckReport& report) {
  std::string text;
  for (const Constraint& rule : constraints()) {
    const auto found = violations_of(rule, report);
    if (found.empty()) continue;
    text += fmt::format("  {}: {}\n    here: {}\n    source: {}\n", rule.id, rule.text,
                        printable(found.front()->reason), printable(found.front()->source));
  }
  return text;
}

void print_violations(const CheckReport& report, const CheckArguments& options, Console& console) {
  if (report.violations.empty()) return;
  if (options.all) {
    console.print("\n{}\n{}", all_violations_text(report), sources_text(report));
  } else if (options.summary) {
    console.print("\n{}\n{}", summary_text(report), sources_text(report));
  } else {
    console.print("\n{}\n{}", folded_violations_text(report), limits_text(report));
    console.print(
        "--all: a row for every node; what each rule asks, and where its limit is from\n");
  }
}

Result<Document> run_check(const CheckArguments& options, Console& console) {
  TESSERA_TRY(const Target target, load_target(options.target));
  TESSERA_TRY(const ImportedModel model, load_model(options.model, ImportNotes::warnings, console));
  CheckOptions check_options;
  check_options.batch = options.batch;
  const CheckReport report = check(model.graph, target, check_options);
  console.print("{} on {}: {}, {}; widest row {} at '{}'\n", to_string(report.verdict), target.name,
                counted(report.nodes, "node"), counted(report.violations.size(), "violation"),
                grouped(report.widest_row_bytes, "byte"), printable(report.widest_row_node));
  console.print("about {} in {}, at least {}\n", counted(report.physical_layers, "physical layer"),
                counted(report.contexts_estimated, "context"), report.contexts_at_least);
  print_violations(report, options, console);
  return documents::of(report, target);
}

}  // namespace

Action define_check(CommandLine& app) {
  auto options = std::make_shared<CheckArguments>();
  add_model_options(app, options->model, true);
  add_sensor_options(app, options->model);
  add_target_option(app, options->target);
  app.add_option("--batch", options->batch, "Samples in one call")
      ->within(1, 1 << 20)
      ->type_name("N")
      ->capture_default_str();
  auto* summary = app.add_flag("--summary", options->summary, "One row per rule");
  app.add_flag("--all", options->all,
               "A row for every violation, none folded, and where the limits come from")
      ->excludes(summary);
  app.footer(
      "The verdict is one of three: fits, does not fit, unknown (a limit that no known compile\n"
      "has settled). The network is judged as it is, in one piece; 'remedy' names the rewrite or\n"
      "the decision of the planner that would help. Nodes of one operation that a rule\n"
      "finds alike are one row: 'bottleneck x 24' stands for it and 23 more.\n\n"
      "Examples:\n"
      "  tessera check model.pth --target hailo8\n"
      "  tessera check model.onnx --target my_chip.toml --length 4096 --summary\n");
  return [options](Console& console) { return run_check(*options, console); };
}

}  // namespace tessera::cli
