// What a run teaches, in three lines: how far cases came, what fails first, what to change next.
#pragma once

#include <string>
#include <vector>

#include "sweep/frontier.h"
#include "sweep/next_knob.h"

namespace tessera {

struct SweepReport {
  size_t har_passed = 0, har_failed = 0;
  size_t hef_passed = 0, hef_failed = 0, hef_unknown = 0;
  std::string har_status;  // "17 of 17 translated"
  std::string hef_status;  // "14 of 17 compiled, 3 failed; first allocator_infeasible at conv ..."
  std::string answer;      // of the rule, in words: the largest that compiles, the first success
  std::string answer_case;
  NextKnob knob;
  std::string knob_case;            // that it was derived from; empty: none failed
  std::string earlier_rule;         // what the fixed rule of earlier scripts says, beside it
  std::vector<Frontier> frontiers;  // under the rule frontier
  bool reached = false;             // what the rule asks for
};

// `cases` are the rows of the summary.
SweepReport report_of(const SweepRun& run, const std::vector<CaseResult>& cases);

// "HAR status: ...", "HEF status: ...", "Next knob: ..." and what stands beside them.
std::string report_text(const SweepReport& report);
Json to_json(const SweepReport& report);

}  // namespace tessera
