#include "evidence/runs/tracker.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

#include "evidence/runs/goal_rules.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// A checklist while runs are read, from the oldest to the newest.
struct Checklist {
  GoalStatus status;
  std::unordered_map<std::string, size_t> index;
  // Successes not yet looked at on the disk: the newest that has its file becomes the tick.
  struct Successes {
    std::vector<Tick> vendor, builtin;
  };
  std::vector<Successes> successes;
  // Of each: how many cases the largest run with it has, how new that is, and its place there. A
  // run of a choice of cases does not tell the order of all.
  std::vector<std::array<int64_t, 3>> order;
};

// The file that shows the case's success, relative to the root; empty where none was recorded. An
// imported row has no file but those it names.
std::string artifact_of(const IndexedCase& one, const RunInfo& info, const Goal& goal) {
  std::string path = goal.rule == GoalRule::parity ? one.result_path
                     : goal.needs_hef              ? one.hef_path
                                                   : one.har_path;
  if (path.empty() && info.kind != "imported") path = one.result_path;
  if (path.empty()) return "";
  const fs::path file = path;
  if (file.is_absolute()) return path;
  return (fs::path(info.folder) / file).lexically_normal().string();
}

bool succeeds(const IndexedCase& one, const Goal& goal) {
  if (goal.rule == GoalRule::parity) return one.max_abs && *one.max_abs <= kParityTolerance;
  return (goal.needs_hef ? one.hef : one.har) == RecordedOutcome::passed;
}

// A case that ended before the step in question did not pass it.
bool fails(const IndexedCase& one, const Goal& goal) {
  if (succeeds(one, goal)) return false;
  if (goal.rule == GoalRule::parity && one.max_abs) return true;
  return one.har == RecordedOutcome::failed || one.hef == RecordedOutcome::failed;
}

void add_case(Checklist& list, const IndexedCase& one, const IndexedRun& run, int64_t age) {
  const Goal& goal = *list.status.goal;
  const auto [at, is_new] = list.index.try_emplace(one.name, list.status.entries.size());
  if (is_new) {
    list.status.entries.emplace_back().name = one.name;
    list.successes.emplace_back();
    list.order.emplace_back();
  }
  ChecklistEntry& entry = list.status.entries[at->second];
  const std::array<int64_t, 3> place{run.cases, age, -one.position};
  list.order[at->second] = std::max(list.order[at->second], place);
  if (list.status.runs.empty() || list.status.runs.back() != run.info.folder)
    list.status.runs.push_back(run.info.folder);
  if (!one.finished) return;
  const bool builtin = run.info.is_builtin();
  if (one.max_abs) entry.max_abs = one.max_abs;
  if (succeeds(one, goal)) {
    ++entry.passed;
    auto& successes = list.successes[at->second];
    (builtin ? successes.builtin : successes.vendor)
        .push_back({run.info.folder, artifact_of(one, run.info, goal), compiler_text(run.info)});
  } else if (fails(one, goal)) {
    ++entry.failed;
    entry.family = one.family;
    entry.signature = one.signature;
  } else {
    return;
  }
  (builtin ? entry.builtin_tried : entry.vendor_tried) = true;
}

// The newest success whose file is there.
std::optional<Tick> proven(const std::vector<Tick>& successes, const fs::path& root,
                           std::optional<Tick>& lost) {
  for (auto one = successes.rbegin(); one != successes.rend(); ++one) {
    std::error_code ignored;
    if (!one->artifact.empty() && fs::exists(root / one->artifact, ignored)) return *one;
    if (!lost && !one->artifact.empty()) lost = *one;
  }
  return std::nullopt;
}

GoalStatus finished(Checklist list, const fs::path& root) {
  GoalStatus status = std::move(list.status);
  for (size_t i = 0; i < status.entries.size(); ++i) {
    ChecklistEntry& entry = status.entries[i];
    std::optional<Tick> lost;
    entry.vendor = proven(list.successes[i].vendor, root, lost);
    entry.builtin = proven(list.successes[i].builtin, root, lost);
    if (!entry.ticked()) entry.lost = lost;
  }
  std::vector<size_t> places(status.entries.size());
  for (size_t i = 0; i < places.size(); ++i) places[i] = i;
  std::stable_sort(places.begin(), places.end(),
                   [&](size_t a, size_t b) { return list.order[a] > list.order[b]; });
  std::vector<ChecklistEntry> sorted;
  sorted.reserve(places.size());
  for (const size_t place : places) sorted.push_back(std::move(status.entries[place]));
  status.entries = std::move(sorted);
  judge(status);
  return status;
}

}  // namespace

std::string_view to_string(GoalState state) {
  switch (state) {
    case GoalState::reached: return "reached";
    case GoalState::reached_by_builtin: return "reached_by_builtin";
    case GoalState::open: break;
  }
  return "open";
}

Result<Tracker> track(const RunIndex& index, const std::string& target) {
  Tracker tracker;
  TESSERA_TRY(const std::vector<IndexedRun> runs, index.runs());
  std::vector<Checklist> lists(goals().size());
  for (size_t g = 0; g < lists.size(); ++g) lists[g].status.goal = &goals()[g];
  std::set<std::string> targets;
  int64_t age = 0;  // runs come from the oldest to the newest
  for (const IndexedRun& run : runs) {
    ++tracker.runs;
    tracker.cases += run.cases;
    if (!target.empty() && run.info.target != target) continue;
    ++age;
    bool counts = false;
    TESSERA_TRY_VOID(index.each_case(run.id, [&](const IndexedCase& one) {
      for (Checklist& list : lists) {
        if (!list.status.goal->covers(run.info.name, one.stage)) continue;
        add_case(list, one, run, age);
        counts = true;
      }
    }));
    if (counts && !run.info.target.empty()) targets.insert(run.info.target);
  }
  tracker.targets.assign(targets.begin(), targets.end());
  for (Checklist& list : lists) tracker.goals.push_back(finished(std::move(list), index.root()));
  return tracker;
}

}  // namespace tessera
