// What the sweeps are run for: a table of goals, each reached by the outcomes of its sweep's cases.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tessera {

enum class GoalRule : uint8_t {
  every,     // every case passes
  any,       // one case passes
  first,     // the first case that passes, in the order of the table: the largest there is
  known,     // every case was tried: it is known which pass
  families,  // the same, and the family of most failures names the root cause
  frontier,  // of every ramp it is known where it fails first, or that it does not
  parity,    // every case's outputs differ by at most kParityTolerance
};

// Of tiled and stitched runs against the whole network.
inline constexpr double kParityTolerance = 1e-5;

struct Goal {
  std::string_view id;  // also the preset whose sweeps answer it, and words that begin with it
  std::string_view title;
  std::string_view stage;  // in summaries of earlier tools; empty: told by the name alone
  GoalRule rule = GoalRule::every;
  bool needs_hef = true;    // passing means compiled; otherwise translated
  int64_t least_cases = 1;  // of a whole checklist: fewer are a part of it, and do not reach it

  // Whether a case belongs to it: by the name of its sweep or of its stage, '_' and '-' being one.
  bool covers(std::string_view sweep, std::string_view case_stage) const;
};

// In the order in which they are worked on.
std::span<const Goal> goals();
const Goal* find_goal(std::string_view id);

}  // namespace tessera
