#include "evidence/fit/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace tessera {
namespace {

constexpr std::string_view kLimits = "limits.";

std::string entry_of(std::string_view rule) {
  for (const Constraint& one : constraints()) {
    if (one.id == rule) return fmt::format("{}.{}", to_string(one.section), one.key);
  }
  return std::string(rule);
}

bool decided_by_graph(std::string_view limit) {
  return limit != "contexts";
}

Error contradiction(std::string_view limit, int64_t pass, const std::string& passes, int64_t fail,
                    const std::string& fails) {
  return TESSERA_ERROR(
      kInvalidArgument, fmt::format("limits.{}", limit),
      fmt::format("the evidence contradicts itself: {} passes at {}, {} fails at {}", passes, pass,
                  fails, fail),
      "look at both compiles: leave out the one whose failure has another cause or that another "
      "version of the compiler made");
}

struct End {
  int64_t value = 0;
  const FitEvidence* row = nullptr;
};
using Ends = std::map<std::string, End, std::less<>>;

// The largest passing number of each limit.
Ends largest_passes(std::span<const FitEvidence> rows) {
  Ends best;
  for (const FitEvidence& row : rows) {
    if (!row.passed) continue;
    for (const auto& [limit, value] : row.numbers) {
      End& end = best[limit];
      if (end.row == nullptr || value > end.value) end = {value, &row};
    }
  }
  return best;
}

// The suspects that remain once `passes` count as kept.
std::vector<std::string> remaining(const FitEvidence& row, const Ends& passes) {
  std::vector<std::string> left;
  for (const std::string& entry : row.suspects) {
    if (entry.starts_with(kLimits)) {
      const std::string limit = entry.substr(kLimits.size());
      const auto number = row.numbers.find(limit);
      const auto pass = passes.find(limit);
      if (number != row.numbers.end() && pass != passes.end() &&
          number->second <= pass->second.value)
        continue;
    }
    left.push_back(entry);
  }
  return left;
}

// The limit that alone explains a failure, if it has a number there.
std::optional<std::string> single_limit(const FitEvidence& row,
                                        const std::vector<std::string>& suspects) {
  if (suspects.size() != 1 || !suspects[0].starts_with(kLimits)) return std::nullopt;
  std::string limit = suspects[0].substr(kLimits.size());
  if (!row.numbers.contains(limit)) return std::nullopt;
  return limit;
}

Result<void> refuse_contradictions(const Target& target, std::span<const FitEvidence> rows,
                                   const Ends& passes) {
  for (const auto& [limit, end] : passes) {
    const Limit& known = target.limit(limit);
    if (known.fail && end.value >= *known.fail) {
      return contradiction(limit, end.value, end.row->witness(), *known.fail,
                           fmt::format("the target file ({})", known.source));
    }
  }
  for (const FitEvidence& row : rows) {
    if (row.passed || row.explained) continue;
    const auto limit = single_limit(row, row.suspects);
    if (!limit) continue;
    const auto pass = passes.find(*limit);
    const int64_t number = row.numbers.at(*limit);
    if (pass != passes.end() && pass->second.value >= number) {
      return contradiction(*limit, pass->second.value, pass->second.row->witness(), number,
                           row.witness());
    }
  }
  return {};
}

}  // namespace

LimitNumbers limit_numbers(const Graph& graph, const Target& target) {
  // A target of which no limit is known: every number is an open question, and so reported.
  Target open = target;
  for (auto& [key, limit] : open.limits) limit.pass = limit.fail = std::nullopt;
  LimitNumbers numbers;
  for (const Violation& found : check(graph, open).violations) {
    const std::string entry = entry_of(found.rule);
    if (!entry.starts_with(kLimits) || found.estimated) continue;
    const std::string limit = entry.substr(kLimits.size());
    if (!decided_by_graph(limit) || !target.has(TargetSection::limits, limit)) continue;
    int64_t& most = numbers[limit];
    most = std::max(most, found.number);
  }
  return numbers;
}

FitEvidence evidence_of(const Graph& graph, const Target& target, bool passed) {
  FitEvidence evidence;
  evidence.passed = passed;
  evidence.numbers = limit_numbers(graph, target);
  if (passed) return evidence;
  std::set<std::string> suspects;
  for (const Violation& found : check(graph, target).violations) {
    if (found.verdict == Verdict::does_not_fit) evidence.explained = true;
    if (found.verdict == Verdict::unknown) suspects.insert(entry_of(found.rule));
  }
  evidence.suspects.assign(suspects.begin(), suspects.end());
  return evidence;
}

Result<FitReport> fit_target(const Target& target, std::span<const FitEvidence> rows) {
  const Ends passes = largest_passes(rows);
  TESSERA_TRY_VOID(refuse_contradictions(target, rows, passes));
  FitReport report;
  Ends fails;
  for (const FitEvidence& row : rows) {
    ++(row.passed ? report.passes : report.failures);
    if (row.passed || row.explained) continue;
    const std::vector<std::string> suspects = remaining(row, passes);
    const auto limit = single_limit(row, suspects);
    if (!limit) {
      report.conjunctions.push_back({row.witness(), suspects});
      continue;
    }
    const int64_t number = row.numbers.at(*limit);
    End& end = fails[*limit];
    if (end.row == nullptr || number < end.value) end = {number, &row};
  }
  for (const auto& [key, known] : target.limits) {
    FitChange change{key, known, known.pass, known.fail, {}};
    const auto pass = passes.find(key);
    if (pass != passes.end() && pass->second.value > known.pass.value_or(-1)) {
      change.pass = pass->second.value;
      change.witnesses.push_back({pass->second.value, true, pass->second.row->witness()});
    }
    const auto fail = fails.find(key);
    if (fail != fails.end() && (!known.fail || fail->second.value < *known.fail)) {
      change.fail = fail->second.value;
      change.witnesses.push_back({fail->second.value, false, fail->second.row->witness()});
    }
    if (!change.witnesses.empty()) report.changes.push_back(std::move(change));
  }
  return report;
}

}  // namespace tessera
