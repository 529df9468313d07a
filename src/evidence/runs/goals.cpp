#include "evidence/runs/goals.h"

#include <algorithm>
#include <array>

namespace tessera {
namespace {

constexpr std::array<Goal, 13> kGoals = {{
    {"stages", "stages 1-6: every part translates", "", GoalRule::every, false, 15},
    {"modules", "modules: every one compiles", "modgate", GoalRule::every, true, 8},
    {"calib-match", "modules with calibration of their own shape: every one compiles", "calibmatch",
     GoalRule::every, true, 8},
    {"smallest-full", "the smallest full network compiles", "", GoalRule::any, true},
    {"fine", "which parts of the network compile", "", GoalRule::known, true, 8},
    {"micro", "which halves and heads of the parts compile", "", GoalRule::known, true, 6},
    {"allocator-fixes", "which narrower and blocked layers the allocator takes", "",
     GoalRule::known, true, 49},
    {"masker-fixes", "which narrower and blocked maskers the allocator takes", "", GoalRule::known,
     true, 62},
    {"tiled-parity", "tiles give what the whole gives, within 1e-5", "", GoalRule::parity, true, 9},
    {"stage7", "the largest deep network that compiles", "", GoalRule::first, true},
    {"monolithic", "a first network that compiles as one piece", "", GoalRule::first, true},
    {"prefix-ramp", "the depth at which the network stops to compile", "", GoalRule::frontier, true,
     12},
    {"topology", "the root cause among forms of skip, mask and decoder", "", GoalRule::families,
     true, 20},
}};

// Lower case, '_' as '-'.
bool begins_with(std::string_view text, std::string_view id) {
  if (text.size() < id.size()) return false;
  const auto same = [](char c, char of_id) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return (c == '_' ? '-' : c) == (of_id == '_' ? '-' : of_id);
  };
  if (!std::equal(id.begin(), id.end(), text.begin(), same)) return false;
  // "fine" is not the beginning of "finer".
  return text.size() == id.size() || text[id.size()] == '-' || text[id.size()] == '_' ||
         text[id.size()] == '.';
}

}  // namespace

bool Goal::covers(std::string_view sweep, std::string_view case_stage) const {
  return begins_with(sweep, id) || begins_with(case_stage, id) ||
         (!stage.empty() && begins_with(case_stage, stage));
}

std::span<const Goal> goals() {
  return kGoals;
}

const Goal* find_goal(std::string_view id) {
  const auto at =
      std::find_if(kGoals.begin(), kGoals.end(), [&](const Goal& one) { return one.id == id; });
  return at == kGoals.end() ? nullptr : &*at;
}

}  // namespace tessera
