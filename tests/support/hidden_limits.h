// An allocator with hidden limits: what a vendor's compiler is to someone who only sees outcomes.
#pragma once

#include <cmath>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "evidence/fit/fit.h"
#include "evidence/fit/next.h"
#include "support/random_values.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/target.h"

namespace tessera::test {

// In [0, 1), the same on every machine.
inline double fraction(std::mt19937& bits) {
  return static_cast<double>(bits()) / 4294967296.0;
}

class HiddenLimits {
 public:
  // Each open limit's truth lies anywhere in its interval, with equal weight per factor; up to 16
  // times `pass` where no failure is known.
  HiddenLimits(const Target& target, std::mt19937& bits) : target_(target) {
    for (const auto& [key, limit] : target.limits) {
      if (open_numbers(limit).empty()) continue;
      const double pass = static_cast<double>(*limit.pass);
      const double fail = limit.fail ? static_cast<double>(*limit.fail) : 16 * pass;
      truth_[key] = static_cast<int64_t>(pass * std::pow(fail / pass, fraction(bits)));
    }
  }

  // Whether the piece is taken.
  bool takes(const Graph& piece) const {
    for (const auto& [key, number] : limit_numbers(piece, target_)) {
      const auto truth = truth_.find(key);
      if (truth != truth_.end() ? number > truth->second
                                : target_.limit(key).judge(number) != Verdict::fits)
        return false;
    }
    return true;
  }
  bool takes(const std::string& limit, int64_t number) const {
    return number <= truth_.find(limit)->second;
  }

 private:
  Target target_;
  LimitNumbers truth_;
};

// What the allocator sees of a piece: operators and shapes, never weights.
inline std::string structure_of(const Graph& piece) {
  std::string text;
  for (NodeId id : piece.order()) {
    const Node& node = piece.node(id);
    text += std::string(op_name(node.op)) + " " + to_string(node.shape);
    if (const auto* conv = piece.get_if<Conv>(id)) {
      text += " g" + std::to_string(conv->groups) + " d" + std::to_string(conv->dilation.h) + "x" +
              std::to_string(conv->dilation.w) + " s" + std::to_string(conv->stride.w);
      for (int i = 0; i < 4; ++i) text += " " + std::to_string(conv->weight.dim(i));
    }
    for (NodeId input : node.inputs) text += " " + std::to_string(static_cast<int64_t>(input));
    text += "\n";
  }
  return text;
}

struct CompiledPlan {
  int64_t compiles = 0;
  int64_t refused = 0;
};

// Compiles every piece of a plan that has another structure.
inline CompiledPlan compile_distinct(const Plan& plan, const HiddenLimits& hidden) {
  CompiledPlan result;
  std::set<std::string> seen;
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces) {
      if (!seen.insert(structure_of(piece.graph)).second) continue;
      ++result.compiles;
      result.refused += !hidden.takes(piece.graph);
    }
  }
  return result;
}

struct Learnt {
  int64_t experiments = 0;
  double plan_s = 0;  // the best plan once nothing open could make it faster
};

// Asks until no open limit could make the plan faster: the proposal of the largest value, or, with
// `at_random`, any limit that the network meets, in the middle of its interval.
inline Learnt learn(const Graph& legal, Target target, const HiddenLimits& hidden,
                    std::mt19937* at_random) {
  constexpr int64_t kMostExperiments = 200;
  Learnt learnt;
  while (true) {
    const Result<NextReport> report = propose_next(legal, target);
    if (!report) return learnt;
    learnt.plan_s = report->today_s;
    std::vector<std::string> gaining;
    for (const Proposal& one : report->proposals) {
      if (one.word.empty()) gaining.push_back(one.experiment.limit);
    }
    if (gaining.empty() || learnt.experiments == kMostExperiments) return learnt;
    std::string limit = gaining.front();
    int64_t number = report->proposals.front().number;
    for (const Proposal& one : report->proposals) {
      if (one.experiment.limit == limit) number = one.number;
    }
    if (at_random != nullptr) {
      std::vector<std::string> met;
      for (const auto& [key, most] : limit_numbers(legal, target)) {
        const Limit& known = target.limit(key);
        if (most > known.pass.value_or(most) && !open_numbers(known).empty()) met.push_back(key);
      }
      limit = met[static_cast<size_t>(fraction(*at_random) * static_cast<double>(met.size()))];
      const std::vector<int64_t> numbers = open_numbers(target.limit(limit));
      number = numbers[numbers.size() / 2];
    }
    ++learnt.experiments;
    Limit& moved = target.limits.find(limit)->second;
    if (hidden.takes(limit, number)) {
      moved.pass = number;
    } else {
      moved.fail = number;
    }
  }
}

}  // namespace tessera::test
