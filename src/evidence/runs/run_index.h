// The index over all runs of a root folder: ROOT/index.sqlite. It is derived from the run folders
// and holds nothing else; deleted, it is made again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "evidence/runs/database.h"
#include "evidence/runs/run_folder.h"
#include "tessera/result.h"

namespace tessera {

struct IndexedRun {
  int64_t id = 0;
  RunInfo info;         // without the command
  std::string problem;  // why the folder could not be read; the counts are then 0
  int64_t cases = 0, finished = 0;
  int64_t har_passed = 0, hef_passed = 0, failed = 0;
};

// Of a case, what lists and goals need; the rest is in its result.json.
struct IndexedCase {
  int64_t run = 0;  // IndexedRun::id
  int64_t position = 0;
  std::string name, stage;
  bool finished = false;
  RecordedOutcome har = RecordedOutcome::not_tried, hef = RecordedOutcome::not_tried;
  std::string family, signature;
  std::string har_path, hef_path, result_path;  // relative to the run's folder
  std::optional<double> max_abs;
};

struct RefreshCounts {
  int64_t runs = 0;       // that there are
  int64_t read = 0;       // read again: new, or changed since they were indexed
  int64_t forgotten = 0;  // that are no longer there
};

class RunIndex {
 public:
  // Opens or makes the index of `root` and brings it up to date: a run whose files have the times
  // and sizes that were indexed is not read again. Where the file cannot be written (a full disk, a
  // read-only folder), the index is in memory and a note says so; one that is damaged or of another
  // version is made anew. Any number of programs may do so at the same time. On network file
  // systems, which share no memory, the journal is SQLite's old one instead of the write-ahead log.
  // Errors: kNotFound, kInvalidArgument for a root that is no folder; kIo; kUnavailable.
  static Result<RunIndex> open(const std::filesystem::path& root);
  // For a root that does not exist: without a run.
  static Result<RunIndex> empty(const std::filesystem::path& root);

  const std::filesystem::path& root() const { return root_; }
  const RefreshCounts& refreshed() const { return refreshed_; }
  const std::vector<std::string>& notes() const { return notes_; }
  bool in_memory() const { return in_memory_; }

  // From the oldest to the newest.
  Result<std::vector<IndexedRun>> runs() const;
  // Every case of `run`, or of all runs, by run and in the order of its table.
  Result<void> each_case(std::optional<int64_t> run,
                         const std::function<void(const IndexedCase&)>& visit) const;

 private:
  RunIndex(std::filesystem::path root, Database database)
      : root_(std::move(root)), database_(std::move(database)) {}
  static Result<RunIndex> open_file(const std::filesystem::path& root);
  static Result<RunIndex> open_memory(const std::filesystem::path& root, const Error& why);
  Result<void> refresh();

  std::filesystem::path root_;
  Database database_;
  std::shared_ptr<void> lock_;  // held while the file is open
  RefreshCounts refreshed_;
  std::vector<std::string> notes_;
  bool in_memory_ = false;
};

}  // namespace tessera
