// The tracker: every goal as a checklist made from the index alone. A tick needs a recorded success
// whose file is there now.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evidence/runs/goals.h"
#include "evidence/runs/run_index.h"
#include "tessera/result.h"

namespace tessera {

// A success that is on record with its file.
struct Tick {
  std::string run;       // folder, relative to the root
  std::string artifact;  // the file's path, relative to the root or absolute
  std::string compiler;  // "dfc 3.32.0"
};

struct ChecklistEntry {
  std::string name;
  // By a vendor's compiler; by the builtin one, which is Tessera's opinion and no evidence about a
  // chip.
  std::optional<Tick> vendor, builtin;
  int64_t passed = 0, failed = 0;  // runs in which it did
  bool vendor_tried = false, builtin_tried = false;
  std::optional<Tick> lost;       // a success whose file is gone: no tick
  std::string family, signature;  // of the newest failure
  std::optional<double> max_abs;  // of the newest run that measured one

  bool ticked() const { return vendor || builtin; }
  bool tried() const { return vendor_tried || builtin_tried; }
};

enum class GoalState : uint8_t {
  open,
  reached_by_builtin,  // counting what the builtin compiler says
  reached,             // by vendors' compilers alone
};
std::string_view to_string(GoalState state);  // "open", "reached_by_builtin", "reached"

struct GoalStatus {
  const Goal* goal = nullptr;
  GoalState state = GoalState::open;
  std::vector<ChecklistEntry> entries;  // in the order of the largest run's table
  int64_t ticked = 0, ticked_by_vendor = 0, tried = 0;
  std::map<std::string, int64_t> families;  // of entries whose newest outcome is a failure
  std::string detail;  // what the rule found: the first success, the frontier, the root cause
  std::string path;    // of what stands behind the tick; empty without one
  std::vector<std::string> runs;  // folders of the sweeps, oldest first
};

struct Tracker {
  std::vector<GoalStatus> goals;
  std::vector<std::string> targets;  // of the runs that count
  int64_t runs = 0, cases = 0;       // in the index
};

// `target`: only runs for the target of this name; empty: all.
Result<Tracker> track(const RunIndex& index, const std::string& target);

}  // namespace tessera
