// Runs the list: decides which rules run, brings each to rest, verifies and records.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "rewrite/pattern.h"
#include "rewrite/rules/rules.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

// A rule that still finds something to do after this many passes undoes its own work: a bug.
constexpr int kMaxPasses = 100;

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Result<void> check_names(const std::vector<std::string>& names) {
  const std::span<const ListedRule> list = rewrite_rules();
  for (const std::string& name : names) {
    if (std::any_of(list.begin(), list.end(),
                    [&](const ListedRule& listed) { return listed.rule->name == name; }))
      continue;
    return TESSERA_ERROR(kInvalidArgument, fmt::format("rule '{}'", name), "there is no such rule",
                         "'tessera rewrite --list' names them all");
  }
  return {};
}

Result<std::vector<const Rule*>> chosen_rules(const RewriteOptions& options) {
  for (const auto* names : {&options.only, &options.enable, &options.disable})
    TESSERA_TRY_VOID(check_names(*names));
  if (contains(options.disable, rules::eliminate_dead.name)) {
    return TESSERA_ERROR(kInvalidArgument, "rule 'eliminate_dead'", "cannot be disabled",
                         "other rules ask who reads a node, and dead readers would mislead them");
  }
  std::vector<const Rule*> chosen;
  for (const ListedRule& listed : rewrite_rules()) {
    const std::string_view name = listed.rule->name;
    const bool wanted = options.only.empty()
                            ? listed.use == Use::always || contains(options.enable, name)
                            : contains(options.only, name) || contains(options.enable, name);
    if ((wanted && !contains(options.disable, name)) || listed.rule == &rules::eliminate_dead)
      chosen.push_back(listed.rule);
  }
  return chosen;
}

struct OutputShape {
  std::string name;
  Shape shape;
};
std::vector<OutputShape> output_shapes(const Graph& graph) {
  std::vector<OutputShape> shapes;
  for (const GraphOutput& output : graph.outputs())
    shapes.push_back({output.name, graph.node(output.node).shape});
  return shapes;
}

// The length audit: an exact rule leaves every output with the channels and samples it had.
Result<void> check_outputs(const std::vector<OutputShape>& before, const Graph& graph,
                           std::string_view rule) {
  const std::vector<OutputShape> after = output_shapes(graph);
  for (size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
    if (i >= before.size() || i >= after.size()) {
      return TESSERA_ERROR(kMismatch, fmt::format("rule '{}'", rule),
                           fmt::format("left {} outputs of {}", after.size(), before.size()),
                           "an exact rule keeps every output; this is a bug, please report it");
    }
    if (before[i].shape == after[i].shape) continue;
    return TESSERA_ERROR(kMismatch, fmt::format("output '{}'", before[i].name),
                         fmt::format("rule '{}' made {} of {}", rule, to_string(after[i].shape),
                                     to_string(before[i].shape)),
                         "an exact rule keeps every length; this is a bug, please report it");
  }
  return {};
}

// Nodes that no output needs, with their work.
std::vector<RemovedNode> unread_nodes(const Graph& graph) {
  const std::vector<bool> needed = needed_nodes(graph);
  std::vector<RemovedNode> unread;
  for (int32_t i = 0; i < graph.id_limit(); ++i) {
    const Node& node = graph.node(NodeId{i});
    if (node.removed || needed[static_cast<size_t>(i)]) continue;
    unread.push_back({node.name, op_name(node.op), node_macs(graph, node.id)});
  }
  return unread;
}

Error not_converging(std::string subject, const std::string& instead) {
  return TESSERA_ERROR(kInvalidModel, std::move(subject),
                       fmt::format("does not come to rest after {} passes", kMaxPasses),
                       fmt::format("this is a bug, please report it; '{}' may go on", instead));
}

bool names(const std::vector<RuleEvent>& events, const std::string& node) {
  return std::any_of(events.begin(), events.end(),
                     [&](const RuleEvent& event) { return event.node == node; });
}

class Runner {
 public:
  Runner(Graph& graph, const RewriteOptions& options) : graph_(graph), options_(options) {}

  Result<RewriteLog> run();

 private:
  // Applies one rule until it finds nothing to do, and verifies; true if it changed something.
  Result<bool> run_to_fixpoint(RuleReport& report);
  // One look at every node. `report.declined` holds the last word on each node that the rule never
  // changed.
  Result<bool> pass(const Rule& rule, GraphEditor& editor, RuleReport& report);
  void remove_unused(GraphEditor& editor, RuleReport& report);
  Result<void> account_for(const Graph& original, RuleReport& report, RewriteLog& log);
  Result<void> finish(const Graph& original, RewriteLog& log);

  Graph& graph_;
  const RewriteOptions& options_;
};

Result<bool> Runner::pass(const Rule& rule, GraphEditor& editor, RuleReport& report) {
  bool changed = false;
  for (NodeId id : graph_.order()) {
    const Node& node = graph_.node(id);
    if (node.removed || !rule.concerns(graph_, id)) continue;
    RuleEvent event{node.name, op_name(node.op), ""};
    Result<Outcome> outcome = rule.apply(editor, id, options_.parameters);
    if (!outcome) {
      Error error = std::move(outcome).error();
      error.message = fmt::format("rule '{}' at '{}': {}", rule.name, event.node, error.message);
      return error;
    }
    std::erase_if(report.declined,
                  [&](const RuleEvent& earlier) { return earlier.node == event.node; });
    if (const auto* done = std::get_if<Changed>(&*outcome)) {
      event.text = done->what;
      report.changed.push_back(std::move(event));
      remove_unused(editor, report);
      changed = true;
    } else if (!names(report.changed, event.node)) {
      event.text = std::get<Declined>(*outcome).reason;
      report.declined.push_back(std::move(event));
    }
  }
  return changed;
}

void Runner::remove_unused(GraphEditor& editor, RuleReport& report) {
  std::vector<RemovedNode> unread = unread_nodes(graph_);
  if (unread.empty()) return;
  editor.remove_dead();
  report.removed.insert(report.removed.end(), std::make_move_iterator(unread.begin()),
                        std::make_move_iterator(unread.end()));
}

Result<bool> Runner::run_to_fixpoint(RuleReport& report) {
  const Rule& rule = *report.rule;
  const auto start = std::chrono::steady_clock::now();
  const std::vector<OutputShape> outputs = output_shapes(graph_);
  GraphEditor editor(graph_, std::string(rule.name));
  // Only this rule is meant to find dead nodes; the remove_unused after any other finds what that
  // one left.
  if (&rule == &rules::eliminate_dead) {
    for (RemovedNode& node : unread_nodes(graph_)) report.removed.push_back(std::move(node));
  }
  int passes = 0;
  bool changed = true;
  while (changed) {
    if (++passes > kMaxPasses)
      return not_converging(fmt::format("rule '{}'", rule.name),
                            fmt::format("RewriteOptions::disable {}", rule.name));
    TESSERA_TRY(changed, pass(rule, editor, report));
  }
  report.milliseconds +=
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  if (editor.edits() == 0) return false;
  Result<void> sound = validate(graph_, GraphForm::rewriting);
  if (!sound) {
    Error error = std::move(sound).error();
    error.message = fmt::format("rule '{}' broke it: {}", rule.name, error.message);
    return error;
  }
  if (rule.exactness == Exactness::exact)
    TESSERA_TRY_VOID(check_outputs(outputs, graph_, rule.name));
  return true;
}

Result<void> Runner::account_for(const Graph& original, RuleReport& report, RewriteLog& log) {
  if (report.rule->exactness == Exactness::approximate) {
    log.exact = false;
    if (options_.measure_cost) {
      TESSERA_TRY(report.cost_db, options_.measure_cost(original, graph_));
    }
  }
  if (options_.after_rule) options_.after_rule(*report.rule, graph_);
  return {};
}

Result<RewriteLog> Runner::run() {
  TESSERA_TRY(std::vector<const Rule*> chosen, chosen_rules(options_));
  const Graph original = graph_;
  RewriteLog log;
  log.nodes_before = node_count(graph_);
  log.macs_before = total_macs(graph_);
  TESSERA_TRY_VOID(GraphEditor(graph_, "rewrite").enter(GraphForm::rewriting));
  for (const Rule* rule : chosen) log.rules.emplace_back().rule = rule;
  int rounds = 0;
  for (bool changed = true; changed;) {
    if (++rounds > kMaxPasses) return not_converging("the list of rules", "RewriteOptions::only");
    changed = false;
    for (RuleReport& report : log.rules) {
      TESSERA_TRY(const bool this_changed, run_to_fixpoint(report));
      if (this_changed) TESSERA_TRY_VOID(account_for(original, report, log));
      changed = changed || this_changed;
    }
  }
  TESSERA_TRY_VOID(finish(original, log));
  return log;
}

Result<void> Runner::finish(const Graph& original, RewriteLog& log) {
  log.nodes_after = node_count(graph_);
  log.macs_after = total_macs(graph_);
  const std::vector<OutputShape> before = output_shapes(original);
  const std::vector<OutputShape> after = output_shapes(graph_);
  for (size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    if (before[i].shape != after[i].shape)
      log.outputs.push_back({before[i].name, before[i].shape, after[i].shape});
  }
  Result<void> legal = GraphEditor(graph_, "rewrite").enter(GraphForm::legal);
  if (!legal) log.not_legal = legal.error().to_string();
  return {};
}

}  // namespace

Result<RewriteLog> rewrite(Graph& graph, const RewriteOptions& options) {
  return Runner(graph, options).run();
}

}  // namespace tessera
