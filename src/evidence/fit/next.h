// The experiment worth most: what a network's plan would gain if an open question of its target
// were answered well, times how likely that is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evidence/experiment.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

// How likely `value` is to pass: the true limit is taken to lie anywhere between `pass` and `fail`
// with equal weight per factor (log-uniform), `fail` being 16 times `pass` where it is open. A data
// point that passes at or above `value` divides what is missing to 1 by 10 (by 2 where it passes
// probably); one that fails at or below it divides the probability by 10.
double probability_of(const Limit& limit, int64_t value);

// The numbers worth asking about, ascending: the quarters of the open interval in factors, and its
// end. Empty where nothing is open.
std::vector<int64_t> open_numbers(const Limit& limit);

struct Proposal {
  std::string entry;  // "limits.row_bytes", "support.convolutions"
  std::string word;   // of a support entry
  int64_t number = 0;
  double plan_s = 0;  // the best plan's estimate if it passes
  double gain_s = 0;  // less than today's
  double probability = 0;
  ExperimentCase experiment;  // the piece of that plan that has the number

  double value_s() const { return gain_s * probability; }
};

struct NextReport {
  double today_s = 0;                // the best plan's estimate with what is known
  std::vector<Proposal> proposals;   // of each open entry the best, by value, largest first
  std::vector<std::string> no_gain;  // open entries that this network meets and gains nothing by
};

// `legal`: as make_plan() takes it. Errors: those of make_plan() for the target as it is.
Result<NextReport> propose_next(const Graph& legal, const Target& target,
                                const PlanOptions& options = {});

}  // namespace tessera
