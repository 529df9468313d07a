#include "sweep/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera {
namespace {

std::string where_of(const CaseResult& result) {
  const std::string layer = result.failure->layer.empty() ? "" : " at " + result.failure->layer;
  return fmt::format("{}{} ({})", result.failure->family, layer, result.name);
}

std::string count_text(size_t passed, size_t all, const char* verb) {
  return fmt::format("{} of {} {}", passed, all, verb);
}

void count(const std::vector<CaseResult>& cases, SweepReport& report) {
  for (const CaseResult& one : cases) {
    report.har_passed += one.har == StepOutcome::passed;
    report.har_failed += one.har == StepOutcome::failed;
    report.hef_passed += one.hef == StepOutcome::passed;
    report.hef_failed += one.hef == StepOutcome::failed;
    report.hef_unknown += !one.unknown.empty();
  }
}

void tell_status(const SweepRun& run, const std::vector<CaseResult>& cases, SweepReport& report) {
  report.har_status = count_text(report.har_passed, cases.size(), "translated");
  const auto first = [&](auto failed) { return std::find_if(cases.begin(), cases.end(), failed); };
  const auto har = first([](const auto& one) { return one.har == StepOutcome::failed; });
  if (har != cases.end()) report.har_status += "; first " + where_of(*har);
  if (run.definition.goal == SweepGoal::har) {
    report.hef_status = "not tried";
    return;
  }
  report.hef_status = count_text(report.hef_passed, cases.size(), "compiled");
  if (report.hef_failed > 0) report.hef_status += fmt::format(", {} failed", report.hef_failed);
  if (report.hef_unknown > 0) report.hef_status += fmt::format(", {} unknown", report.hef_unknown);
  const auto hef = first([](const auto& one) { return one.hef == StepOutcome::failed; });
  if (hef != cases.end()) report.hef_status += "; first " + where_of(*hef);
}

// The case whose failure is to be mended: of a ladder the last, which is nearest to fitting.
const CaseResult* to_mend(const SweepRun& run, const std::vector<CaseResult>& cases) {
  const auto failed = [](const CaseResult& one) { return one.failed(); };
  const bool ladder =
      run.definition.rule == SweepRule::first_success || run.definition.rule == SweepRule::largest;
  if (ladder) {
    const auto last = std::find_if(cases.rbegin(), cases.rend(), failed);
    return last == cases.rend() ? nullptr : &*last;
  }
  const auto first = std::find_if(cases.begin(), cases.end(), failed);
  return first == cases.end() ? nullptr : &*first;
}

bool is_of_allocator(const CaseResult& result) {
  constexpr std::string_view kFamilies[] = {
      "allocator_infeasible", "reshape_allocator", "conv_chain_layout", "maskmul",
      "skip_concat_maskmul",  "memory_units",      "no_partition",      "resources"};
  return std::find(std::begin(kFamilies), std::end(kFamilies), result.failure->family) !=
         std::end(kFamilies);
}

// The fixed rule speaks where all failures are the allocator's; else it names the first other one.
std::string earlier_rule_of(const std::vector<CaseResult>& cases, const NextKnob& knob) {
  const auto other = std::find_if(cases.begin(), cases.end(), [](const CaseResult& one) {
    return one.failure && !is_of_allocator(one);
  });
  if (other != cases.end()) return fmt::format("look at {}", where_of(*other));
  return knob.earlier_rule ? to_string(*knob.earlier_rule) : "";
}

void tell_answer(const SweepRun& run, const std::vector<CaseResult>& cases, SweepReport& report) {
  const bool hef = run.definition.goal == SweepGoal::hef;
  const auto success = std::find_if(cases.begin(), cases.end(),
                                    [&](const CaseResult& one) { return one.succeeded(hef); });
  const char* verb = hef ? "compiles" : "translates";
  switch (run.definition.rule) {
    case SweepRule::all:
      report.reached = std::all_of(cases.begin(), cases.end(),
                                   [&](const CaseResult& one) { return one.succeeded(hef); });
      return;
    case SweepRule::frontier: report.reached = true; return;
    case SweepRule::first_success:
    case SweepRule::largest: break;
  }
  report.reached = success != cases.end();
  const bool largest = run.definition.rule == SweepRule::largest;
  if (report.reached) {
    report.answer_case = success->name;
    report.answer =
        fmt::format("{} that {}: {}", largest ? "the largest" : "the first", verb, success->name);
  } else {
    report.answer = fmt::format("none {}", verb);
  }
}

}  // namespace

SweepReport report_of(const SweepRun& run, const std::vector<CaseResult>& cases) {
  SweepReport report;
  count(cases, report);
  tell_status(run, cases, report);
  tell_answer(run, cases, report);
  if (run.definition.rule == SweepRule::frontier) report.frontiers = frontiers_of(run, cases);
  const CaseResult* failed = to_mend(run, cases);
  const bool ladder = !report.answer.empty();
  if (failed == nullptr || (ladder && report.reached)) {
    const bool open = report.hef_unknown > 0 && !(ladder && report.reached);
    report.knob.text =
        open ? "none: nothing fails for certain; a vendor's compiler would tell" : "none needed";
    return report;
  }
  report.knob = next_knob(*failed, run.target, run.definition.folder);
  report.knob_case = failed->name;
  report.earlier_rule = earlier_rule_of(cases, report.knob);
  return report;
}

std::string report_text(const SweepReport& report) {
  std::string text = fmt::format("HAR status: {}\nHEF status: {}\nNext knob: {}\n",
                                 report.har_status, report.hef_status, report.knob.text);
  if (!report.knob_case.empty()) {
    text += fmt::format("  of {}", report.knob_case);
    if (!report.earlier_rule.empty())
      text += fmt::format("; the fixed rule of earlier scripts: {}", report.earlier_rule);
    text += "\n";
  }
  if (!report.answer.empty()) text += fmt::format("Answer: {}\n", report.answer);
  for (const Frontier& one : report.frontiers) {
    text +=
        fmt::format("Frontier{}: {}\n", one.series.empty() ? "" : " of " + one.series, one.text);
    if (!one.signature.empty()) text += fmt::format("  signature {}\n", one.signature);
  }
  return text;
}

Json to_json(const SweepReport& report) {
  Json changes = Json::array();
  for (const KnobChange& one : report.knob.changes)
    changes.push_back({{"parameter", one.parameter}, {"from", one.from}, {"to", one.to}});
  Json frontiers = Json::array();
  for (const Frontier& one : report.frontiers) {
    Json causes = Json::array();
    for (const FrontierCause& cause : one.causes) {
      causes.push_back({{"component", cause.component},
                        {"node", cause.node},
                        {"added", cause.added},
                        {"rule", cause.rule},
                        {"entry", cause.entry},
                        {"number", cause.number},
                        {"number_before", cause.number_before},
                        {"limit", cause.limit},
                        {"reason", cause.reason}});
    }
    frontiers.push_back({{"series", one.series},
                         {"before", one.before},
                         {"at", one.at},
                         {"unknown", one.unknown},
                         {"signature", one.signature},
                         {"family", one.family},
                         {"added", one.added},
                         {"causes", std::move(causes)},
                         {"text", one.text}});
  }
  Json json = {{"har_status", report.har_status},
               {"hef_status", report.hef_status},
               {"next_knob", report.knob.text},
               {"changes", std::move(changes)},
               {"of_case", report.knob_case}};
  json["earlier_rule"] = report.earlier_rule.empty() ? Json(nullptr) : Json(report.earlier_rule);
  json["answer"] = report.answer;
  json["answer_case"] = report.answer_case;
  json["reached"] = report.reached;
  json["frontiers"] = std::move(frontiers);
  return json;
}

}  // namespace tessera
