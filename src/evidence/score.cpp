#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "evidence/target_evidence.h"

namespace tessera {

std::string_view to_string(Judgement judgement) {
  switch (judgement) {
    case Judgement::right: return "right";
    case Judgement::unknown: return "unknown";
    case Judgement::wrong: return "wrong";
    case Judgement::not_counted: return "not counted";
  }
  return "?";
}

namespace {

// Of equal verdicts the widest row decides: it is the rule with the most evidence behind it.
const Violation* decisive(const CheckReport& report) {
  const Violation* best = nullptr;
  for (const Violation& violation : report.violations) {
    const bool first = best == nullptr || violation.verdict > best->verdict;
    const bool row =
        violation.verdict == report.verdict && violation.rule == "row_width" &&
        (best == nullptr || best->rule != "row_width" || violation.number > best->number);
    if (first || row) best = &violation;
  }
  return best;
}

Judgement judge(const CompileOutcome& outcome, Verdict verdict) {
  if (!outcome.counts()) return Judgement::not_counted;
  if (verdict == Verdict::unknown) return Judgement::unknown;
  return (verdict == Verdict::fits) == (outcome.compiled == "PASS") ? Judgement::right
                                                                    : Judgement::wrong;
}

ScoredOutcome score_one(const CompileOutcome& outcome, const Target& target) {
  ScoredOutcome row;
  row.name = outcome.name;
  row.compiled = outcome.compiled;
  if (!outcome.graph) {
    row.judgement = judge(outcome, Verdict::unknown);
    row.reason = "no operator list was recorded";
    return row;
  }
  const CheckReport report = check(*outcome.graph, target);
  row.verdict = report.verdict;
  row.widest_row_bytes = report.widest_row_bytes;
  row.judgement = judge(outcome, report.verdict);
  if (const Violation* violation = decisive(report)) {
    row.rule = violation->rule;
    row.reason = fmt::format("{} ({}): {}; {}", violation->node_name, violation->op,
                             violation->reason, violation->limit);
  } else {
    row.reason = fmt::format("every rule holds; widest row {}; {}, {}",
                             counted(report.widest_row_bytes, "byte"),
                             counted(report.physical_layers, "physical layer"),
                             counted(report.contexts_estimated, "context"));
  }
  return row;
}

}  // namespace

Score score(const std::vector<CompileOutcome>& outcomes, const Target& target) {
  Score result;
  for (const CompileOutcome& outcome : outcomes) {
    result.rows.push_back(score_one(outcome, target));
    const Judgement judgement = result.rows.back().judgement;
    result.right += judgement == Judgement::right;
    result.unknown += judgement == Judgement::unknown;
    result.wrong += judgement == Judgement::wrong;
  }
  return result;
}

}  // namespace tessera
