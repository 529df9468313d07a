// tessera check: would this network fit on a chip, and if not, every reason why.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "tessera/import.h"
#include "tessera/target.h"

namespace tessera::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string target = "hailo8";
  int64_t batch = 1;
  bool summary = false;
};

std::string violations_text(const CheckReport& report) {
  Table table;
  table.add_columns({"node", "operation", "rule", "verdict"});
  table.add_column("value", Table::Align::right);
  table.add_columns({"limit", "cure"});
  for (const Violation& v : report.violations) {
    table.add_row({printable(v.node_name), v.op, std::string(v.rule),
                   std::string(to_string(v.verdict)), v.value, v.limit, v.cure});
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
  table.add_columns({"at node", "limit", "cure"});
  for (const Constraint& rule : constraints()) {
    const auto found = sums.find(rule.id);
    if (found == sums.end()) continue;
    const auto& [refused, open, worst] = found->second;
    table.add_row({std::string(rule.id), fmt::to_string(refused), fmt::to_string(open),
                   worst->value, printable(worst->node_name), worst->limit, worst->cure});
  }
  return table.to_string();
}

// Why the limits of the rules above are what they are: once per rule.
std::string sources_text(const CheckReport& report) {
  std::string text;
  for (const Constraint& rule : constraints()) {
    for (const Violation& v : report.violations) {
      if (v.rule != rule.id) continue;
      text += fmt::format("  {}: {}\n    here: {}\n    source: {}\n", rule.id, rule.text,
                          printable(v.reason), printable(v.source));
      break;
    }
  }
  return text;
}

Document document_of(const CheckReport& report, const Target& target) {
  Document violations = Document::array();
  for (const Violation& v : report.violations) {
    Document entry = {{"rule", v.rule},
                      {"node", v.node_name},
                      {"op", v.op},
                      {"verdict", to_string(v.verdict)},
                      {"value", v.value}};
    if (v.number != 0) entry["number"] = v.number;
    entry["limit"] = v.limit;
    entry["reason"] = v.reason;
    entry["source"] = v.source;
    entry["cure"] = v.cure;
    if (v.estimated) entry["estimated"] = true;
    violations.push_back(std::move(entry));
  }
  return {{"target", target.name},
          {"verdict", to_string(report.verdict)},
          {"nodes", report.nodes},
          {"widest_row_bytes", report.widest_row_bytes},
          {"widest_row_node", report.widest_row_node},
          {"physical_layers_estimated", report.physical_layers},
          {"contexts_at_least", report.contexts_at_least},
          {"contexts_estimated", report.contexts_estimated},
          {"violations", std::move(violations)}};
}

Result<Document> run(const Options& options, Console& console) {
  TESSERA_TRY(const Target target, load_target(options.target));
  TESSERA_TRY(const ImportedModel model, load_model(options.model, ImportNotes::warnings, console));
  CheckOptions check_options;
  check_options.batch = options.batch;
  const CheckReport report = check(model.graph, target, check_options);
  if (!report.violations.empty()) {
    console.print("{}\n", options.summary ? summary_text(report) : violations_text(report));
    console.print("{}\n", sources_text(report));
  }
  console.print("{} on {}: {} nodes, {} violations; widest row {} bytes at '{}'\n",
                to_string(report.verdict), target.name, report.nodes, report.violations.size(),
                grouped(report.widest_row_bytes), printable(report.widest_row_node));
  console.print("about {} physical layers in {} context{}, at least {}\n", report.physical_layers,
                report.contexts_estimated, report.contexts_estimated == 1 ? "" : "s",
                report.contexts_at_least);
  return document_of(report, target);
}

}  // namespace

Action define_check(CommandLine& app) {
  auto options = std::make_shared<Options>();
  add_model_options(app, options->model, true);
  add_target_option(app, options->target);
  app.add_option("--batch", options->batch, "Samples in one call")
      ->within(1, 1 << 20)
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--summary", options->summary, "One row per rule instead of one per violation");
  app.footer(
      "The verdict is one of three: fits, does not fit, unknown (a limit that no known compile\n"
      "has settled). The network is judged as it is, in one piece; 'cure' names the rewrite or\n"
      "the decision of the planner that would help.\n\n"
      "Examples:\n"
      "  tessera check model.pth --target hailo8\n"
      "  tessera check model.onnx --target my_chip.toml --length 4096 --summary\n");
  return [options](Console& console) { return run(*options, console); };
}

}  // namespace tessera::cli
