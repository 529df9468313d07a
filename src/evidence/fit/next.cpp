#include "evidence/fit/next.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "evidence/fit/fit.h"

namespace tessera {
namespace {

constexpr int64_t kOpenFactor = 16;      // how far beyond `pass` an open limit is looked for
constexpr double kDataPointWeight = 10;  // of one compile inside the interval
constexpr double kProbableWeight = 2;
constexpr double kWordProbability = 0.5;  // of a word that nobody has tried
constexpr double kLeastGain = 1e-9;       // seconds; below: rounding

struct Interval {
  double pass = 0;
  double fail = 0;
};

std::optional<Interval> interval_of(const Limit& limit) {
  if (!limit.pass || *limit.pass < 1) return std::nullopt;
  const double pass = static_cast<double>(*limit.pass);
  const double fail = limit.fail ? static_cast<double>(*limit.fail) : pass * kOpenFactor;
  if (fail - pass < 2) return std::nullopt;
  return Interval{pass, fail};
}

// A name that the vendor's compiler takes: small letters, digits and '_'.
std::string case_name(const std::string& entry, const std::string& what) {
  std::string name;
  for (const char c : entry.substr(entry.find('.') + 1) + "_" + what) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '_';
  }
  return name;
}

class Search {
 public:
  Search(const Graph& legal, const Target& target, const PlanOptions& options, double today_s)
      : legal_(legal), target_(target), options_(options), today_s_(today_s) {}

  // The best proposal for a limit; none where no number of its interval makes a faster plan.
  std::optional<Proposal> of_limit(const std::string& key) const {
    std::optional<Proposal> best;
    for (const int64_t number : open_numbers(target_.limit(key))) {
      Target kind = target_;
      kind.limits.find(key)->second.pass = number;
      std::optional<Proposal> one = by(kind);
      if (!one) continue;
      for (const ChipSegment& segment : plan_.segments) {
        for (const Piece& piece : segment.pieces) {
          const LimitNumbers numbers = limit_numbers(piece.graph, target_);
          const auto at = numbers.find(key);
          if (at == numbers.end() || at->second <= one->number) continue;
          one->number = at->second;
          one->experiment.graph = piece.graph;
        }
      }
      if (target_.limit(key).judge(one->number) != Verdict::unknown) continue;
      one->entry = "limits." + key;
      one->probability = probability_of(target_.limit(key), one->number);
      one->experiment.limit = key;
      one->experiment.number = one->number;
      one->experiment.name = case_name(one->entry, fmt::to_string(one->number));
      one->experiment.question = fmt::format("does {} of {} pass?", key, one->number);
      if (!best || one->value_s() > best->value_s()) best = std::move(one);
    }
    return best;
  }

  std::optional<Proposal> of_word(const std::string& key, const std::string& word) const {
    Target kind = target_;
    kind.support.find(key)->second.supported.push_back(word);
    std::optional<Proposal> one = by(kind);
    if (!one) return std::nullopt;
    for (const ChipSegment& segment : plan_.segments) {
      for (const Piece& piece : segment.pieces) {
        if (check(piece.graph, target_).verdict == Verdict::fits) continue;
        one->experiment.graph = piece.graph;
        one->entry = "support." + key;
        one->word = word;
        one->probability = kWordProbability;
        one->experiment.name = case_name(one->entry, word);
        one->experiment.question = fmt::format("does '{}' of {} pass?", word, key);
        return one;
      }
    }
    return std::nullopt;
  }

 private:
  // The plan with a kinder target, if it is faster.
  std::optional<Proposal> by(const Target& kind) const {
    Result<Plan> plan = make_plan(legal_, kind, options_);
    if (!plan || plan->verdict != Verdict::fits) return std::nullopt;
    Proposal one;
    one.plan_s = plan->cost.seconds();
    one.gain_s = today_s_ - one.plan_s;
    if (one.gain_s < kLeastGain) return std::nullopt;
    plan_ = std::move(*plan);
    return one;
  }

  const Graph& legal_;
  const Target& target_;
  const PlanOptions& options_;
  double today_s_;
  mutable Plan plan_;  // of the last by()
};

// Words that the target is not known to support, of the whole network.
std::set<std::pair<std::string, std::string>> open_words(const Graph& legal, const Target& target) {
  std::set<std::pair<std::string, std::string>> words;
  for (const Violation& found : check(legal, target).violations) {
    if (found.verdict != Verdict::unknown) continue;
    for (const Constraint& rule : constraints()) {
      if (rule.id == found.rule && rule.section == TargetSection::support)
        words.emplace(std::string(rule.key), found.value);
    }
  }
  return words;
}

}  // namespace

double probability_of(const Limit& limit, int64_t value) {
  if (limit.judge(value) == Verdict::fits) return 1;
  const auto interval = interval_of(limit);
  const double number = static_cast<double>(value);
  if (!interval || limit.judge(value) == Verdict::does_not_fit || number >= interval->fail)
    return 0;
  double p = std::log(interval->fail / number) / std::log(interval->fail / interval->pass);
  for (const DataPoint& point : limit.data_points) {
    if (point.outcome == "fails" && point.value <= value) p /= kDataPointWeight;
    if (point.outcome == "passes" && point.value >= value) p = 1 - (1 - p) / kDataPointWeight;
    if (point.outcome == "probably passes" && point.value >= value)
      p = 1 - (1 - p) / kProbableWeight;
  }
  return p;
}

std::vector<int64_t> open_numbers(const Limit& limit) {
  const auto interval = interval_of(limit);
  if (!interval) return {};
  std::set<int64_t> numbers;
  for (const double part : {0.25, 0.5, 0.75}) {
    const double at = interval->pass * std::pow(interval->fail / interval->pass, part);
    numbers.insert(std::max(static_cast<int64_t>(at), *limit.pass + 1));
  }
  numbers.insert(static_cast<int64_t>(interval->fail) - 1);
  return {numbers.begin(), numbers.end()};
}

Result<NextReport> propose_next(const Graph& legal, const Target& target,
                                const PlanOptions& options) {
  TESSERA_TRY(const Plan today, make_plan(legal, target, options));
  NextReport report;
  report.today_s = today.cost.seconds();
  const Search search(legal, target, options, report.today_s);
  const auto take = [&](std::optional<Proposal> one, const std::string& entry) {
    if (one) {
      report.proposals.push_back(std::move(*one));
    } else {
      report.no_gain.push_back(entry);
    }
  };
  for (const auto& [key, number] : limit_numbers(legal, target)) {
    const Limit& limit = target.limit(key);
    if (!limit.pass || number <= *limit.pass || open_numbers(limit).empty()) continue;
    take(search.of_limit(key), "limits." + key);
  }
  for (const auto& [key, word] : open_words(legal, target))
    take(search.of_word(key, word), fmt::format("support.{}: {}", key, word));
  std::stable_sort(report.proposals.begin(), report.proposals.end(),
                   [](const Proposal& a, const Proposal& b) { return a.value_s() > b.value_s(); });
  return report;
}

}  // namespace tessera
