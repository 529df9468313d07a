#include "sweep/sweep_runner.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "base/process.h"
#include "base/stopwatch.h"
#include "sweep/case_failure.h"
#include "sweep/case_files.h"
#include "sweep/work_folders.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr uint64_t kMostChildOutput = uint64_t{1} << 20;

class Sweep {
 public:
  Sweep(SweepRun& run, const SweepOptions& options)
      : run_(run), options_(options), results_(run.definition.cases.size()) {}

  Result<SweepOutcome> execute() {
    clear_work_folders(run_.folder);
    TESSERA_TRY(results_, finished_cases(run_, true));
    outcome_.all = results_.size();
    for (size_t i = 0; i < results_.size(); ++i) {
      if (results_[i]) finish(i, CaseSource::resumed);
    }
    std::vector<std::thread> workers;
    const int jobs = std::max(1, options_.jobs);
    for (int i = 1; i < jobs; ++i) workers.emplace_back([this] { work(); });
    work();
    for (std::thread& worker : workers) worker.join();
    clear_work_folders(run_.folder);
    return conclude();
  }

 private:
  bool hef_wanted() const { return run_.definition.goal == SweepGoal::hef; }
  bool cancelled() const { return options_.is_cancelled && options_.is_cancelled(); }
  bool out_of_time() const {
    return options_.time_limit_s && watch_.seconds() >= *options_.time_limit_s;
  }

  // Under the lock, or before there are workers.
  void finish(size_t index, CaseSource source) {
    ++finished_;
    (source == CaseSource::computed ? outcome_.computed
     : source == CaseSource::cached ? outcome_.cached
                                    : outcome_.resumed)++;
    if (run_.definition.rule == SweepRule::first_success &&
        results_[index]->succeeded(hef_wanted()))
      first_success_ = std::min(first_success_, index);
    if (options_.on_case) {
      options_.on_case(
          {&run_.definition.cases[index], &*results_[index], source, finished_, results_.size()});
    }
  }

  std::optional<size_t> take() {
    const std::lock_guard lock(mutex_);
    while (next_ < results_.size() && results_[next_]) ++next_;
    if (failed_ || next_ >= results_.size() || next_ > first_success_) return std::nullopt;
    if (cancelled() || out_of_time()) return std::nullopt;
    if (options_.on_case)
      options_.on_case({&run_.definition.cases[next_], nullptr, CaseSource::computed, finished_,
                        results_.size()});
    return next_++;
  }

  void work() {
    while (const std::optional<size_t> index = take()) {
      Result<std::optional<FinishedCase>> made = run_one(*index);
      const std::lock_guard lock(mutex_);
      if (!made) {
        if (!failed_ && made.error().code != ErrorCode::kCancelled)
          failed_ = std::move(made).error();
        if (failed_ || cancelled()) return;
        continue;
      }
      if (!*made) continue;  // ended by the time limit
      results_[*index] = std::move((*made)->result);
      finish(*index, (*made)->source);
    }
  }

  Result<std::optional<FinishedCase>> run_one(size_t index) {
    const std::string& name = run_.definition.cases[index].name;
    if (options_.case_limit_s || options_.time_limit_s) return run_in_process(index);
    TESSERA_TRY(FinishedCase made,
                run_case_of(run_, name, {options_.cache, [this] { return stops(); }}));
    return std::optional(std::move(made));
  }

  bool stops() { return cancelled() || out_of_time(); }

  // A case that a limit must be able to end runs in a process of its own.
  Result<std::optional<FinishedCase>> run_in_process(size_t index) {
    const std::string& name = run_.definition.cases[index].name;
    const auto command = options_.case_command;
    TESSERA_CHECK(!command.empty(), "limits need a command that runs one case");
    TESSERA_TRY(const fs::path work, work_folder(run_.folder, name + ".process"));
    ProcessOptions process;
    process.program = command.front();
    process.arguments.assign(command.begin() + 1, command.end());
    process.arguments.insert(process.arguments.end(), {run_.folder.string(), name});
    process.output = work / "output";
    process.output_limit_bytes = kMostChildOutput;
    // A vendor's compiler is ended by the process that called it, which needs time for that.
    const bool calls_compiler = run_.record.compiler.kind != CompilerKind::builtin;
    process.grace = milliseconds(calls_compiler ? 20'000 : 500);
    if (options_.case_limit_s)
      process.time_limit = milliseconds(static_cast<int64_t>(*options_.case_limit_s * 1000));
    process.is_cancelled = [this] { return stops(); };
    const Stopwatch watch;
    TESSERA_TRY(const ProcessEnd end, run_process(process));
    const auto made = read_case_result(run_.case_folder(name));
    if (made) {
      const bool cached =
          fs::exists(work / "output") && end.output_bytes > 0 && said_cached(work / "output");
      return std::optional(FinishedCase{*made, cached ? CaseSource::cached : CaseSource::computed});
    }
    if (end.how == ProcessEnd::How::cancelled) return std::optional<FinishedCase>();
    if (end.how == ProcessEnd::How::timed_out)
      return ended(index, timeout_failure(*options_.case_limit_s), watch.seconds());
    if (end.how == ProcessEnd::How::signalled) {
      CaseFailure failure;
      failure.exception_type = "CaseCrashed";
      failure.exception_message =
          fmt::format("the process of the case ended with {}", to_string(end));
      failure.signature = failure.exception_type;
      failure.family = "tool_crash";
      return ended(index, std::move(failure), watch.seconds());
    }
    TESSERA_TRY(const std::vector<uint8_t> said, read_file(work / "output", kMostChildOutput));
    return TESSERA_ERROR(kIo, name,
                         fmt::format("could not be run: {}", std::string(said.begin(), said.end())),
                         "the same command goes on once this is mended");
  }

  static bool said_cached(const fs::path& output) {
    const auto said = read_file(output, kMostChildOutput);
    return said && std::string(said->begin(), said->end()).find("cached") != std::string::npos;
  }

  // The result of a case that was ended.
  Result<std::optional<FinishedCase>> ended(size_t index, CaseFailure failure, double seconds) {
    const SweepCase& one = run_.definition.cases[index];
    CaseResult result;
    result.name = one.name;
    result.stage = run_.definition.stage;
    result.parameters = one.parameters;
    (hef_wanted() ? result.hef : result.har) = StepOutcome::failed;
    result.failure = std::move(failure);
    result.failure_log = "_compile_failure.txt";
    result.seconds = seconds;
    TESSERA_TRY(const fs::path work, work_folder(run_.folder, one.name));
    TESSERA_TRY_VOID(write_case_file(work / result.failure_log, failure_text(result)));
    TESSERA_TRY_VOID(write_case_result(result, work));
    TESSERA_TRY_VOID(place_case(run_, one.name, work));
    return std::optional(FinishedCase{std::move(result), CaseSource::computed});
  }

  Result<SweepOutcome> conclude() {
    TESSERA_TRY_VOID(write_summary(run_, results_));
    outcome_.cases = counted_cases(run_.definition, results_);
    outcome_.complete = true;
    for (size_t i = 0; i < results_.size() && i <= first_success_; ++i)
      outcome_.complete = outcome_.complete && results_[i].has_value();
    if (!outcome_.complete) {
      outcome_.stopped =
          out_of_time() && !cancelled()
              ? fmt::format("the time limit of {:g} s is over", *options_.time_limit_s)
              : "interrupted";
    }
    TESSERA_TRY_VOID(write_state(run_, outcome_.complete ? RunState::finished : RunState::stopped));
    if (failed_) return *failed_;
    return std::move(outcome_);
  }

  SweepRun& run_;
  const SweepOptions& options_;
  const Stopwatch watch_;
  std::mutex mutex_;  // guards everything below
  std::vector<std::optional<CaseResult>> results_;
  SweepOutcome outcome_;
  std::optional<Error> failed_;
  size_t next_ = 0;
  size_t finished_ = 0;
  size_t first_success_ = SIZE_MAX;
};

}  // namespace

Result<SweepOutcome> run_sweep(SweepRun run, const SweepOptions& options) {
  TESSERA_TRY_VOID(ensure_directory(run.folder));
  TESSERA_TRY(const FolderLock lock, FolderLock::take(run.folder));
  TESSERA_TRY(run, begin_run(std::move(run)));
  return Sweep(run, options).execute();
}

Result<SweepOutcome> collect_run(SweepRun run) {
  TESSERA_TRY(const FolderLock lock, FolderLock::take(run.folder));
  TESSERA_TRY(const auto results, finished_cases(run, false));
  TESSERA_TRY_VOID(write_summary(run, results));
  SweepOutcome outcome;
  outcome.all = results.size();
  outcome.cases = counted_cases(run.definition, results);
  outcome.resumed = outcome.cases.size();
  outcome.complete = true;
  for (const auto& result : results) {
    outcome.complete = outcome.complete && result.has_value();
    const bool ends = result && run.definition.rule == SweepRule::first_success &&
                      result->succeeded(run.definition.goal == SweepGoal::hef);
    if (ends) break;
  }
  if (!outcome.complete) outcome.stopped = "cases are missing";
  TESSERA_TRY_VOID(write_state(run, outcome.complete ? RunState::finished : RunState::stopped));
  return outcome;
}

}  // namespace tessera
