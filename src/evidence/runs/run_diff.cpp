#include "evidence/runs/run_diff.h"

#include <unordered_map>

namespace tessera {

std::string outcome_text(const RecordedCase& one) {
  const std::string why = one.family.empty() ? one.exception_type : one.family;
  const std::string reason = why.empty() ? "" : ": " + why;
  if (one.har == RecordedOutcome::failed) return "not translated" + reason;
  if (one.hef == RecordedOutcome::failed) return "not compiled" + reason;
  if (one.hef == RecordedOutcome::passed) return "compiled";
  if (one.har == RecordedOutcome::passed) return "translated";
  return "not tried";
}

RunDifference diff_runs(const RecordedRun& before, const RecordedRun& after) {
  RunDifference difference;
  std::unordered_map<std::string_view, const RecordedCase*> earlier, later;
  for (const RecordedCase& one : before.cases)
    if (one.finished) earlier.emplace(one.name, &one);
  for (const RecordedCase& one : after.cases)
    if (one.finished) later.emplace(one.name, &one);
  for (const RecordedCase& one : before.cases)
    if (one.finished && !later.contains(one.name)) difference.vanished.push_back(one.name);
  for (const RecordedCase& one : after.cases) {
    if (!one.finished) continue;
    const auto at = earlier.find(one.name);
    if (at == earlier.end()) {
      difference.appeared.push_back(one.name);
    } else if (outcome_text(*at->second) != outcome_text(one)) {
      difference.changed.push_back({one.name, *at->second, one});
    } else {
      ++difference.same;
    }
  }
  return difference;
}

}  // namespace tessera
