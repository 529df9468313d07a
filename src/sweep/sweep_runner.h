// Runs a sweep: cases on several workers, each in a folder of its own, so that whatever ends the
// process, nothing finished is done again and nothing half done is taken for a result.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/folder_lock.h"
#include "sweep/run_folder.h"

namespace tessera {

enum class CaseSource : uint8_t { computed, cached, resumed };
std::string_view to_string(CaseSource source);  // "computed", "cached", "before"

// A case that begins, or one that has ended.
struct CaseEvent {
  const SweepCase* which = nullptr;
  const CaseResult* result = nullptr;  // null: it begins
  CaseSource source = CaseSource::computed;
  size_t finished = 0;
  size_t all = 0;
};

struct SweepOptions {
  int jobs = 1;
  std::filesystem::path cache;  // empty: none
  std::optional<double> case_limit_s;
  std::optional<double> time_limit_s;
  // The program and its arguments before RUN and CASE that run one case in a process of its own,
  // which a limit can end. Needed where there is a limit.
  std::vector<std::string> case_command;
  std::function<bool()> is_cancelled = {};
  // From any worker, one at a time.
  std::function<void(const CaseEvent&)> on_case = {};
};

struct SweepOutcome {
  std::vector<CaseResult> cases;  // rows of summary.tsv
  size_t all = 0;
  size_t computed = 0;
  size_t cached = 0;
  size_t resumed = 0;
  bool complete = false;  // every case that the rule asks for is finished
  std::string stopped;    // why not: "interrupted", "the time limit of 60 s is over"
};

// Executes the cases that are not finished; writes summary.tsv and run.json's state at the end, and
// when it is stopped. Errors: kUnavailable where another sweep writes into the folder, or the
// compiler cannot be called; kIo, kNoSpace; finished cases stay.
Result<SweepOutcome> run_sweep(SweepRun run, const SweepOptions& options);

// One case of a run, unless it is finished: into a folder of its own, which then gets its name.
// Several processes may run cases of one run at a time. Errors: kNotFound for a name that is no
// case; those of run_case().
struct CaseOptions {
  std::filesystem::path cache;
  std::function<bool()> is_cancelled = {};
};
struct FinishedCase {
  CaseResult result;
  CaseSource source = CaseSource::computed;
};
Result<FinishedCase> run_case_of(const SweepRun& run, const std::string& name,
                                 const CaseOptions& options);

// Gives the folder of a finished case its place; where another process was first, its stays.
Result<void> place_case(const SweepRun& run, const std::string& name,
                        const std::filesystem::path& work);

// summary.tsv from the case folders as they are. Errors: those of reading and writing.
Result<SweepOutcome> collect_run(SweepRun run);

}  // namespace tessera
