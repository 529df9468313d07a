#include "cli/rewrite_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>
#include <vector>

#include "cli/table.h"

namespace tessera::cli {
namespace {

constexpr size_t kShownNames = 4;   // of nodes that share a reason
constexpr size_t kShownEvents = 6;  // of one rule

std::string count_text(size_t count) {
  return count == 0 ? "" : grouped(static_cast<int64_t>(count));
}

std::string cost_text(double db) {
  return std::isinf(db) ? "no difference" : fmt::format("{:.1f} dB", db);
}

const ListedRule& listed(const Rule* rule) {
  for (const ListedRule& entry : rewrite_rules()) {
    if (entry.rule == rule) return entry;
  }
  TESSERA_CHECK(false, "a report's rule is in the list");
}

std::string names_text(const std::vector<std::string>& names) {
  if (names.size() <= kShownNames) return fmt::format("{}", fmt::join(names, ", "));
  return fmt::format("{} and {} more",
                     fmt::join(names.begin(), names.begin() + kShownNames - 1, ", "),
                     names.size() - kShownNames + 1);
}

// "24 affine, 1 conv"
std::string removed_text(const std::vector<RemovedNode>& removed) {
  std::map<std::string, int> by_op;
  for (const RemovedNode& node : removed) ++by_op[node.op];
  std::vector<std::string> parts;
  parts.reserve(by_op.size());
  for (const auto& [op, count] : by_op) parts.push_back(fmt::format("{} {}", count, op));
  return fmt::format("{}", fmt::join(parts, ", "));
}

int64_t removed_macs(const RuleReport& report) {
  int64_t macs = 0;
  for (const RemovedNode& node : report.removed) macs += node.macs;
  return macs;
}

void show_rule(Console& console, const RuleReport& report, int64_t macs_before) {
  console.print("\n{} ({}): {}\n", report.rule->name, to_string(report.rule->exactness),
                report.rule->summary);
  console.print("  here because: {}\n", listed(report.rule).reason);
  for (size_t i = 0; i < report.changed.size(); ++i) {
    if (i + 1 == kShownEvents && report.changed.size() > kShownEvents) {
      console.print("  applied  ... and {} more (--json lists all)\n", report.changed.size() - i);
      break;
    }
    console.print("  applied  {}: {}\n", printable(report.changed[i].node),
                  printable(report.changed[i].text));
  }
  std::map<std::string, std::vector<std::string>> reasons;
  for (const RuleEvent& event : report.declined)
    reasons[event.text].push_back(printable(event.node));
  for (const auto& [reason, nodes] : reasons)
    console.print("  declined {} x {}: {}\n", nodes.size(), reason, names_text(nodes));
  if (report.removed.empty()) return;
  console.print("  removed as unread: {}\n", removed_text(report.removed));
  if (report.rule->exactness == Exactness::approximate && macs_before > 0) {
    console.print(
        "  with them {:.1f} % of the network's work\n",
        100.0 * static_cast<double>(removed_macs(report)) / static_cast<double>(macs_before));
  }
}

}  // namespace

void print_rewrite(Console& console, const RewriteSubject& subject, const RewriteLog& log) {
  Table table;
  table.add_columns({"rule", "class"});
  table.add_columns({"applied", "declined", "removed", "ms", "output SNR"}, Table::Align::right);
  for (const RuleReport& report : log.rules) {
    if (report.changed.empty() && report.declined.empty() && report.removed.empty()) continue;
    table.add_row({std::string(report.rule->name), std::string(to_string(report.rule->exactness)),
                   count_text(report.changed.size()), count_text(report.declined.size()),
                   count_text(report.removed.size()), fmt::format("{:.1f}", report.milliseconds),
                   report.cost_db ? cost_text(*report.cost_db) : ""});
  }
  console.print("{}", table.to_string());
  console.print("{}: {}, {} MAC -> {}, {} MAC\n", subject.model, grouped(log.nodes_before, "node"),
                grouped(log.macs_before), grouped(log.nodes_after, "node"),
                grouped(log.macs_after));
  if (log.exact) {
    console.print("the same network: every rule that applied is exact\n");
  } else {
    console.print(
        "ANOTHER network: approximate rules applied; output SNR over the original on {}\n",
        subject.measured_on);
  }
  for (const OutputChange& change : log.outputs)
    console.print("output {} was {}, is {}\n", printable(change.name), to_string(change.before),
                  to_string(change.after));
  if (!log.not_legal.empty()) console.print("not legal yet: {}\n", printable(log.not_legal));
}

void show_rewrite(Console& console, const RewriteLog& log) {
  for (const RuleReport& report : log.rules) {
    if (!report.changed.empty() || !report.declined.empty() || !report.removed.empty())
      show_rule(console, report, log.macs_before);
  }
  console.print("\n");
}

void print_rules(Console& console) {
  for (const ListedRule& entry : rewrite_rules()) {
    console.print("{} ({}, {})\n  {}\n  here because: {}\n", entry.rule->name,
                  to_string(entry.rule->exactness), to_string(entry.use), entry.rule->summary,
                  entry.reason);
  }
}

}  // namespace tessera::cli
