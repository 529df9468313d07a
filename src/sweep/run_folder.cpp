#include "sweep/run_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/hash.h"
#include "sweep/run_record.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostTextBytes = uint64_t{1} << 20;
constexpr uint64_t kMostRecordBytes = uint64_t{1} << 20;
// What a sweep puts into its folder, run.json last.
constexpr std::array<std::string_view, 9> kOwn = {".lock",       ".work",           "cases",
                                                  "cases.tsv",   "definition.toml", "run.json",
                                                  "summary.tsv", "target.toml",     "steps"};

Result<std::string> read_text(const fs::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMostTextBytes));
  return std::string(bytes.begin(), bytes.end());
}

// Files that a kill left unnamed have names of their own: ".NAME.XXXXXX".
Result<void> check_only_own(const fs::path& folder) {
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    const bool own = std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end();
    if (own || name.starts_with(".")) continue;
    return TESSERA_ERROR(kAlreadyExists, folder.string(),
                         fmt::format("holds '{}' and no run", name),
                         "give a new folder, or that of a run");
  }
  return {};
}

std::string cases_table(const SweepDefinition& definition) {
  std::vector<std::string_view> columns;
  for (const ParameterKey& key : parameter_keys()) {
    const bool used = std::any_of(definition.cases.begin(), definition.cases.end(),
                                  [&](const auto& one) { return one.parameters.has(key.name); });
    if (used) columns.push_back(key.name);
  }
  std::string text = "case";
  for (const std::string_view column : columns) text += fmt::format("\t{}", column);
  text += "\n";
  for (const SweepCase& one : definition.cases) {
    text += one.name;
    for (const std::string_view column : columns) {
      const ParameterValue* value = one.parameters.find(column);
      text += "\t" + (value == nullptr ? std::string() : to_string(*value));
    }
    text += "\n";
  }
  return text;
}

// What a run was made of and a second command must not change.
Result<void> check_same(const RunRecord& was, const RunRecord& is, const fs::path& folder) {
  const auto differs = [&](std::string_view what, const std::string& before,
                           const std::string& now) -> Result<void> {
    if (before == now) return {};
    return TESSERA_ERROR(kMismatch, folder.string(),
                         fmt::format("is a run of another {}: '{}', not '{}'", what, before, now),
                         "give the same command to go on, or another folder");
  };
  TESSERA_TRY_VOID(differs("sweep", was.name, is.name));
  TESSERA_TRY_VOID(differs("definition", was.definition_hash, is.definition_hash));
  TESSERA_TRY_VOID(differs("folder of the definition", was.definition_folder.string(),
                           is.definition_folder.string()));
  TESSERA_TRY_VOID(differs("profile", was.profile, is.profile));
  TESSERA_TRY_VOID(differs("choice of cases", was.pattern, is.pattern));
  TESSERA_TRY_VOID(differs("model", was.model, is.model));
  TESSERA_TRY_VOID(differs("target", was.target_name, is.target_name));
  TESSERA_TRY_VOID(differs("state of the target's file", was.target_hash, is.target_hash));
  TESSERA_TRY_VOID(differs("compiler", std::string(to_string(was.compiler.kind)),
                           std::string(to_string(is.compiler.kind))));
  return differs("version of the compiler", was.compiler.version, is.compiler.version);
}

Result<void> write_record(const SweepRun& run) {
  return write_file_atomically(run.folder / "run.json", print_json(to_json(run.record)),
                               {.force = true});
}

Result<RunRecord> read_record(const fs::path& folder) {
  const fs::path path = folder / "run.json";
  const auto bytes = read_file(path, kMostRecordBytes);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) {
    return TESSERA_ERROR(kNotFound, folder.string(), "is no folder of a run",
                         "'tessera sweep PRESET -o DIR' makes one");
  }
  if (!bytes) return bytes.error();
  TESSERA_TRY(const Json json, parse_json(*bytes, path.string()));
  return run_record_from(json, path.string());
}

// What a result names is there. A loss of power can take the contents of files that were written
// last, and leave their names.
bool is_whole(const CaseResult& result, const fs::path& folder) {
  for (const std::string* file : {&result.har_file, &result.hef_file, &result.har_log,
                                  &result.hef_log, &result.failure_log}) {
    std::error_code missing;
    if (!file->empty() && (fs::file_size(folder / *file, missing) == 0 || missing)) return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::running: return "running";
    case RunState::stopped: return "stopped";
    case RunState::finished: return "finished";
  }
  return "?";
}

std::string SweepRun::tag() const {
  return record.profile.empty() ? record.name : fmt::format("{}-{}", record.name, record.profile);
}

const SweepCase* SweepRun::find(const std::string& name) const {
  const auto found = std::find_if(definition.cases.begin(), definition.cases.end(),
                                  [&](const SweepCase& one) { return one.name == name; });
  return found == definition.cases.end() ? nullptr : &*found;
}

Result<SweepRun> open_run(const fs::path& folder) {
  SweepRun run;
  run.folder = folder;
  TESSERA_TRY(run.record, read_record(folder));
  TESSERA_TRY(const std::string text, read_text(folder / "definition.toml"));
  TESSERA_TRY(run.target_text, read_text(folder / "target.toml"));
  if (content_hash(text) != run.record.definition_hash ||
      content_hash(run.target_text) != run.record.target_hash) {
    return TESSERA_ERROR(kCorrupt, folder.string(),
                         "definition.toml or target.toml was changed after the run began",
                         "begin another run for another definition");
  }
  TESSERA_TRY(SweepDefinition definition, parse_sweep(text, (folder / "definition.toml").string()));
  definition.folder = run.record.definition_folder;
  TESSERA_TRY(run.definition, definition.selected(run.record.profile, run.record.pattern));
  if (!run.record.model.empty()) {
    TESSERA_TRY(run.definition, run.definition.on_model(run.record.model));
  }
  TESSERA_TRY(run.target, parse_target(run.target_text, (folder / "target.toml").string()));
  return run;
}

Result<SweepRun> begin_run(SweepRun run) {
  run.record.definition_hash = content_hash(run.definition.text);
  // Where no case reads a file, it is the same run wherever the definition lies.
  const bool reads_files = std::any_of(
      run.definition.cases.begin(), run.definition.cases.end(), [&](const SweepCase& one) {
        return (run.record.model.empty() && one.parameters.has("model")) ||
               one.parameters.has("calib_npz");
      });
  run.record.definition_folder = reads_files ? run.definition.folder : fs::path();
  run.record.target_name = run.target.name;
  run.record.target_hash = content_hash(run.target_text);
  const auto before = read_record(run.folder);
  if (before) {
    TESSERA_TRY_VOID(check_same(*before, run.record, run.folder));
    run.record.command = before->command;
    run.record.created = before->created;
    run.record.machine = before->machine;
    run.record.tessera = before->tessera;
  } else {
    if (before.error().code != ErrorCode::kNotFound) return before.error();
    TESSERA_TRY_VOID(check_only_own(run.folder));
    TESSERA_TRY_VOID(ensure_directory(run.folder / "cases"));
    TESSERA_TRY_VOID(write_file_atomically(run.folder / "definition.toml", run.definition.text,
                                           {.force = true}));
    TESSERA_TRY_VOID(
        write_file_atomically(run.folder / "target.toml", run.target_text, {.force = true}));
    TESSERA_TRY_VOID(write_file_atomically(run.folder / "cases.tsv", cases_table(run.definition),
                                           {.force = true}));
  }
  run.record.state = RunState::running;
  TESSERA_TRY_VOID(write_record(run));
  return run;
}

Result<void> write_state(SweepRun& run, RunState state) {
  run.record.state = state;
  return write_record(run);
}

Result<std::vector<std::optional<CaseResult>>> finished_cases(const SweepRun& run, bool repair) {
  std::vector<std::optional<CaseResult>> results;
  for (const SweepCase& one : run.definition.cases) {
    std::optional<CaseResult>& result = results.emplace_back();
    const fs::path folder = run.case_folder(one.name);
    std::error_code unknown;
    if (!fs::exists(folder, unknown)) continue;
    auto read = read_case_result(folder);
    if (read && read->name != one.name)
      read = TESSERA_ERROR(kCorrupt, folder.string(),
                           fmt::format("holds the result of '{}'", read->name), "");
    if (read && repair && !is_whole(*read, folder))
      read = TESSERA_ERROR(kCorrupt, folder.string(), "lacks files that its result names", "");
    if (read) {
      result = std::move(*read);
    } else if (repair) {
      std::error_code failed;
      fs::remove_all(folder, failed);
      if (failed) return read.error();
    } else if (read.error().code != ErrorCode::kNotFound) {
      return read.error();
    }
  }
  return results;
}

std::vector<CaseResult> counted_cases(const SweepDefinition& definition,
                                      const std::vector<std::optional<CaseResult>>& results) {
  std::vector<CaseResult> rows;
  for (const std::optional<CaseResult>& result : results) {
    if (!result) continue;
    rows.push_back(*result);
    if (definition.rule == SweepRule::first_success &&
        result->succeeded(definition.goal == SweepGoal::hef))
      break;
  }
  return rows;
}

Result<void> write_summary(const SweepRun& run,
                           const std::vector<std::optional<CaseResult>>& results) {
  return write_file_atomically(
      run.folder / "summary.tsv",
      summary_table(counted_cases(run.definition, results), run.definition.columns, run.tag()),
      {.force = true});
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::string utc_stamp() {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace tessera
