// Two runs case by case: whose outcome changed, which appeared, which vanished.
#pragma once

#include <string>
#include <vector>

#include "evidence/runs/run_folder.h"

namespace tessera {

struct CaseDifference {
  std::string name;
  RecordedCase before, after;
};

struct RunDifference {
  std::vector<CaseDifference> changed;  // another outcome, or another family of failure
  std::vector<std::string> appeared, vanished;
  int64_t same = 0;

  bool is_same() const { return changed.empty() && appeared.empty() && vanished.empty(); }
};

// Cases are matched by name; unfinished ones count as not there.
RunDifference diff_runs(const RecordedRun& before, const RecordedRun& after);

// "compiled", "translated", "fails: reshape_allocator", "not translated: har_build", "not tried".
std::string outcome_text(const RecordedCase& one);

}  // namespace tessera
