#include <fmt/format.h>

#include <algorithm>

#include "target/amount.h"
#include "target/measure.h"
#include "tessera/compiler/target.h"

namespace tessera {
namespace {

// Does the constraint look at this op? `ops` lists kinds, or says "every node".
bool looks_at(const Constraint& constraint, std::string_view kind) {
  if (constraint.ops == "every node") return true;
  std::string_view rest = constraint.ops;
  while (!rest.empty()) {
    const size_t comma = rest.find(", ");
    if (rest.substr(0, comma) == kind) return true;
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 2);
  }
  return false;
}

// "; nearest compiles: 268800 passes (...), 310800 fails (...)"
std::string nearest_data_points(const Limit& limit, int64_t value) {
  const DataPoint* below = nullptr;
  const DataPoint* above = nullptr;
  for (const DataPoint& point : limit.data_points) {
    if (point.value <= value) below = &point;
    if (point.value > value && above == nullptr) above = &point;
  }
  std::string text;
  for (const DataPoint* point : {below, above}) {
    if (point == nullptr) continue;
    text += fmt::format("{} {} {} ({})", text.empty() ? "; nearest compiles:" : ",", point->value,
                        point->outcome, point->source);
  }
  return text;
}

Violation judge_limit(const Limit& limit, const Measurement& found) {
  Violation result;
  result.verdict = limit.judge(found.number);
  result.number = found.number;
  result.value = amount(found.number, limit.unit);
  result.limit = limit.to_string();
  result.source = limit.source;
  result.reason = fmt::format("{}: {}", found.where, result.value);
  if (result.verdict == Verdict::unknown) {
    result.reason += nearest_data_points(limit, found.number);
  }
  if (found.estimate && result.verdict == Verdict::fits &&
      limit.judge(*found.estimate) != Verdict::fits) {
    result.verdict = Verdict::unknown;
    result.estimated = true;
    result.number = *found.estimate;
    result.value = "about " + amount(*found.estimate, limit.unit);
    result.reason = fmt::format("{}: at least {}, estimated {}; the estimate is no proof",
                                found.where, found.number, *found.estimate);
  }
  return result;
}

Violation judge_words(const Support& support, const Measurement& found) {
  Violation result;
  result.verdict = support.judge(found.word);
  result.value = found.word;
  result.limit = fmt::format("supported: {}", fmt::join(support.supported, ", "));
  if (!support.unsupported.empty()) {
    result.limit += fmt::format("; not: {}", fmt::join(support.unsupported, ", "));
  }
  result.source = support.source;
  result.reason = fmt::format("{}: {}", found.where, found.word);
  return result;
}

// Units of a cluster are an exact limit, written as a quantity.
Limit limit_of(const Quantity& quantity) {
  Limit limit;
  limit.unit = quantity.unit;
  limit.pass = static_cast<int64_t>(quantity.value);
  limit.fail = *limit.pass + 1;
  limit.source = quantity.source;
  return limit;
}

Violation judge(const Target& target, const Constraint& constraint, const Measurement& found) {
  Violation result;
  switch (constraint.section) {
    case TargetSection::limits: result = judge_limit(target.limit(constraint.key), found); break;
    case TargetSection::support: result = judge_words(target.words(constraint.key), found); break;
    default:
      result = judge_limit(limit_of(target.units.find(constraint.key)->second), found);
      break;
  }
  result.rule = constraint.id;
  result.remedy = found.remedy.empty() ? std::string(constraint.remedy) : found.remedy;
  return result;
}

}  // namespace

bool Violation::has_remedy(std::string_view name) const {
  constexpr std::string_view kBetween = ", ";
  for (std::string_view rest = remedy; !rest.empty();) {
    const size_t end = std::min(rest.find(kBetween), rest.size());
    if (rest.substr(0, end) == name) return true;
    rest.remove_prefix(std::min(end + kBetween.size(), rest.size()));
  }
  return false;
}

CheckReport check(const Graph& graph, const Target& target, const CheckOptions& options) {
  std::optional<Ledger> ledger;
  std::optional<MemoryLedger> memory;
  CheckReport report;
  if (target.architecture == Architecture::clusters) {
    ledger = make_ledger(graph, target);
    report.physical_layers = ledger->physical_layers;
    report.contexts_at_least = ledger->contexts_at_least;
    report.contexts_estimated = ledger->contexts;
  } else {
    memory = make_memory_ledger(graph, target);
    report.physical_layers = static_cast<int64_t>(memory->lines.size());
    report.memory_at_least_bytes = memory->at_least_bytes;
    report.memory_estimated_bytes = memory->estimated_bytes;
  }
  const CheckSubject subject{graph, target, options, ledger, memory};
  const auto ask = [&](size_t rule, const Node& node) {
    // A chip without such a limit leaves the entry out.
    if (!target.has(constraints()[rule].section, constraints()[rule].key)) return;
    const auto found = measures()[rule](subject, node);
    if (!found) return;
    Violation violation = judge(target, constraints()[rule], *found);
    if (violation.verdict == Verdict::fits) return;
    report.verdict = worse(report.verdict, violation.verdict);
    report.violations.push_back(std::move(violation));
  };
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    ++report.nodes;
    const Measurement row = widest_row(graph, node);
    if (row.number > report.widest_row_bytes) {
      report.widest_row_bytes = row.number;
      report.widest_row_node = node.name;
    }
    const size_t first = report.violations.size();
    for (size_t rule = 0; rule < constraints().size(); ++rule) {
      if (looks_at(constraints()[rule], op_kind_name(node.op))) ask(rule, node);
    }
    for (size_t i = first; i < report.violations.size(); ++i) {
      Violation& violation = report.violations[i];
      violation.node = id;
      violation.node_name = node.name;
      violation.op = op_name(node.op);
    }
  }
  const size_t first = report.violations.size();
  for (size_t rule = 0; rule < constraints().size(); ++rule) {
    if (constraints()[rule].ops == "the whole graph") ask(rule, Node());
  }
  for (size_t i = first; i < report.violations.size(); ++i) {
    report.violations[i].node_name = "(whole graph)";
    report.violations[i].op = "graph";
  }
  return report;
}

}  // namespace tessera
