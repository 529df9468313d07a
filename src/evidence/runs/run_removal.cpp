#include "evidence/runs/run_removal.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <set>

#include <fmt/format.h>

#include "base/folder_lock.h"
#include "base/system_error.h"
#include "evidence/runs/tracker.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRemoved = ".removed-";  // begins the name of a folder that is going
constexpr int64_t kSecondsPerDay = 86'400;

// Seconds since 1970 of "2026-02-23T02:06:16Z"; nothing for other texts.
std::optional<int64_t> seconds_of(const std::string& created) {
  std::tm told{};
  const char* end = ::strptime(created.c_str(), "%Y-%m-%dT%H:%M:%S", &told);
  if (end == nullptr) return std::nullopt;
  return ::timegm(&told);
}

// Of the files below, links as themselves.
int64_t bytes_below(const fs::path& folder) {
  std::error_code failed;
  int64_t bytes = 0;
  for (fs::recursive_directory_iterator
           at(folder, fs::directory_options::skip_permission_denied, failed),
       end;
       !failed && at != end; at.increment(failed)) {
    std::error_code ignored;
    if (at->symlink_status(ignored).type() != fs::file_type::regular) continue;
    const auto size = at->file_size(ignored);
    if (!ignored) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

// Runs whose files alone stand behind a tick: without one of them, the tick would go.
Result<std::set<std::string>> runs_behind_ticks(const RunIndex& index) {
  TESSERA_TRY(const Tracker tracker, track(index, ""));
  std::set<std::string> runs;
  for (const GoalStatus& status : tracker.goals) {
    for (const ChecklistEntry& entry : status.entries) {
      // Of several successes the newest is named; it stays, and the older ones may go.
      if (entry.vendor) runs.insert(entry.vendor->run);
      if (entry.builtin) runs.insert(entry.builtin->run);
    }
  }
  return runs;
}

// Whether a program works in the folder; the lock is not kept.
bool is_locked(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder / ".lock", ignored)) return false;
  const auto lock = FolderLock::take(folder);
  return !lock && lock.error().code == ErrorCode::kUnavailable;
}

}  // namespace

Result<std::vector<RemovalCandidate>> removal_candidates(const RunIndex& index,
                                                         const RemovalChoice& choice, int64_t now) {
  TESSERA_TRY(const std::vector<IndexedRun> runs, index.runs());
  TESSERA_TRY(const std::set<std::string> ticks, runs_behind_ticks(index));
  std::vector<RemovalCandidate> candidates;
  for (size_t i = 0; i < runs.size(); ++i) {
    const IndexedRun& run = runs[i];
    if (choice.keep && static_cast<int64_t>(runs.size() - i) <= *choice.keep) break;
    const auto begun = seconds_of(run.info.created);
    if (choice.older_than_days &&
        (!begun || now - *begun <= *choice.older_than_days * kSecondsPerDay))
      continue;
    const fs::path folder = index.root() / run.info.folder;
    RemovalCandidate& one = candidates.emplace_back();
    one.run = run.info.folder;
    std::error_code ignored;
    if (fs::is_symlink(folder, ignored)) {
      one.kept = "is a link to a folder elsewhere";
      continue;
    }
    one.bytes = bytes_below(folder);
    if (is_locked(folder)) {
      one.kept = "a program works in it";
    } else if (!run.problem.empty() && !choice.force) {
      one.kept = "could not be read, so what it holds is not known";
    } else if (run.info.state == "running" && !choice.force) {
      one.kept = "is not finished: its sweep can go on";
    } else if (ticks.contains(run.info.folder) && !choice.force) {
      one.kept = "stands behind a tick of 'tessera status'";
    }
  }
  return candidates;
}

Result<void> remove_run(const fs::path& root, const std::string& run) {
  const fs::path folder = root / run;
  const fs::path going = root / fmt::format("{}{}-{}", kRemoved, run, ::getpid());
  {
    // Nobody begins to work in it meanwhile.
    TESSERA_TRY(const FolderLock lock, FolderLock::take(folder));
    std::error_code failed;
    fs::rename(folder, going, failed);
    if (failed) return system_error(failed.value(), folder.string(), "remove");
  }
  std::error_code failed;
  fs::remove_all(going, failed);
  if (failed) return system_error(failed.value(), going.string(), "remove");
  return {};
}

Result<void> finish_removals(const fs::path& root) {
  std::error_code failed;
  std::vector<fs::path> left;
  for (fs::directory_iterator at(root, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->path().filename().string().starts_with(kRemoved)) left.push_back(at->path());
  }
  for (const fs::path& folder : left) {
    fs::remove_all(folder, failed);
    if (failed) return system_error(failed.value(), folder.string(), "remove");
  }
  return {};
}

}  // namespace tessera
