#include "evidence/runs/goal_rules.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera {
namespace {

// Ticks and trials as one judge counts them: vendors alone, or everybody.
struct Judge {
  bool vendors_only;

  const Tick* tick(const ChecklistEntry& entry) const {
    if (entry.vendor) return &*entry.vendor;
    return !vendors_only && entry.builtin ? &*entry.builtin : nullptr;
  }
  bool tried(const ChecklistEntry& entry) const {
    return vendors_only ? entry.vendor_tried : entry.tried();
  }
  // A failure on record. A success whose file is gone is neither this nor a tick.
  bool failed(const ChecklistEntry& entry) const { return tried(entry) && entry.failed > 0; }
  bool knows(const ChecklistEntry& entry) const { return tick(entry) != nullptr || failed(entry); }
};

struct Verdict {
  bool reached = false;
  std::string detail;
  std::string path;
};

// Of the whole checklist, those that no run has yet included.
int64_t cases_of(const GoalStatus& status) {
  return std::max(status.goal->least_cases, static_cast<int64_t>(status.entries.size()));
}

// A run of a choice of cases, or of a short profile, is only a part.
bool is_whole(const GoalStatus& status) {
  return static_cast<int64_t>(status.entries.size()) >= status.goal->least_cases;
}

// Cases of one ramp differ from the first number in their names on.
std::string_view ramp_of(std::string_view name) {
  return name.substr(0, name.find_first_of("0123456789"));
}

// "8 cases", and the path of the last tick.
Verdict every_case(const GoalStatus& status, const Judge& judge, std::string_view verb) {
  Verdict verdict;
  int64_t ticked = 0;
  for (const ChecklistEntry& one : status.entries) {
    if (const Tick* tick = judge.tick(one)) {
      ++ticked;
      verdict.path = tick->artifact;
    }
  }
  const int64_t all = cases_of(status);
  verdict.reached = ticked == all;
  verdict.detail = fmt::format("{} of {} {}", ticked, all, verb);
  return verdict;
}

Verdict first_success(const GoalStatus& status, const Judge& judge, std::string_view verb) {
  for (size_t i = 0; i < status.entries.size(); ++i) {
    const Tick* tick = judge.tick(status.entries[i]);
    if (tick == nullptr) continue;
    return {
        true,
        fmt::format("{} {}, {} of {}", status.entries[i].name, verb, i + 1, status.entries.size()),
        tick->artifact};
  }
  return {false, fmt::format("none of {} {}", status.entries.size(), verb), ""};
}

Verdict known_cases(const GoalStatus& status, const Judge& judge) {
  Verdict verdict = every_case(status, judge, "pass");
  verdict.reached =
      is_whole(status) && std::all_of(status.entries.begin(), status.entries.end(),
                                      [&](const ChecklistEntry& one) { return judge.knows(one); });
  // Known failures alone are an answer too: the run itself stands behind it.
  if (verdict.reached && verdict.path.empty() && !status.runs.empty())
    verdict.path = status.runs.back();
  return verdict;
}

Verdict root_cause(const GoalStatus& status, const Judge& judge) {
  Verdict verdict = known_cases(status, judge);
  const auto most =
      std::max_element(status.families.begin(), status.families.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != status.families.end())
    verdict.detail += fmt::format("; most fail by {} ({})", most->first, most->second);
  return verdict;
}

Verdict frontiers(const GoalStatus& status, const Judge& judge) {
  Verdict verdict;
  std::vector<std::string> found;
  bool known = is_whole(status);
  const auto& entries = status.entries;
  for (size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    const std::string_view ramp = ramp_of(entries[begin].name);
    while (end < entries.size() && ramp_of(entries[end].name) == ramp) ++end;
    const ChecklistEntry* last = nullptr;  // that passes
    size_t at = begin;
    for (; at < end && judge.tick(entries[at]) != nullptr; ++at) last = &entries[at];
    if (last != nullptr) verdict.path = judge.tick(*last)->artifact;
    if (at == end) {
      found.push_back(fmt::format("{} holds to its end", ramp));
    } else if (judge.failed(entries[at])) {
      found.push_back(
          fmt::format("{} fails first ({})", entries[at].name,
                      entries[at].signature.empty() ? entries[at].family : entries[at].signature));
    } else {
      known = false;
      found.push_back(fmt::format("{} is not known", entries[at].name));
    }
  }
  for (const std::string& one : found) verdict.detail += (verdict.detail.empty() ? "" : "; ") + one;
  verdict.reached = known;
  if (known && verdict.path.empty() && !status.runs.empty()) verdict.path = status.runs.back();
  return verdict;
}

Verdict parity(const GoalStatus& status, const Judge& judge) {
  Verdict verdict = every_case(status, judge, fmt::format("within {:g}", kParityTolerance));
  std::optional<double> worst;
  for (const ChecklistEntry& one : status.entries)
    if (one.max_abs) worst = std::max(worst.value_or(0), *one.max_abs);
  if (worst) verdict.detail += fmt::format(", worst {:.2g}", *worst);
  return verdict;
}

Verdict judged(const GoalStatus& status, const Judge& judge) {
  if (status.entries.empty()) return {false, "not begun", ""};
  const std::string_view verb = status.goal->needs_hef ? "compiles" : "translates";
  switch (status.goal->rule) {
    case GoalRule::every:
      return every_case(status, judge, status.goal->needs_hef ? "compile" : "translate");
    case GoalRule::any:
    case GoalRule::first: return first_success(status, judge, verb);
    case GoalRule::known: return known_cases(status, judge);
    case GoalRule::families: return root_cause(status, judge);
    case GoalRule::frontier: return frontiers(status, judge);
    case GoalRule::parity: return parity(status, judge);
  }
  return {};
}

}  // namespace

void judge(GoalStatus& status) {
  for (const ChecklistEntry& one : status.entries) {
    status.ticked += one.ticked() ? 1 : 0;
    status.ticked_by_vendor += one.vendor ? 1 : 0;
    status.tried += one.tried() ? 1 : 0;
    if (one.tried() && !one.ticked() && one.failed > 0)
      ++status.families[one.family.empty() ? "unknown" : one.family];
  }
  const Verdict vendors = judged(status, {.vendors_only = true});
  const Verdict all = judged(status, {.vendors_only = false});
  const Verdict& told = vendors.reached ? vendors : all;
  status.state = vendors.reached ? GoalState::reached
                 : all.reached   ? GoalState::reached_by_builtin
                                 : GoalState::open;
  status.detail = told.detail;
  status.path = told.reached ? told.path : "";
}

}  // namespace tessera
