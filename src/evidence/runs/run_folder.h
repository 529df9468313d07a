// A run's folder as it lies on the disk: what was run, by what, and how every case of it ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

enum class RecordedOutcome : uint8_t { not_tried, passed, failed };
std::string_view to_string(RecordedOutcome outcome);  // "not_tried", "passed", "failed"

// What run.json says. Texts are empty where it does not say it.
struct RunInfo {
  std::string folder;  // its name, which begins with the stamp; no path
  std::string kind;    // "sweep", "imported"
  std::string name;
  std::string created;  // ISO 8601, UTC
  std::string state;    // "running", "stopped", "finished"
  std::string tessera;  // version
  std::string compiler, compiler_version;
  std::string target, target_hash;
  std::string definition_hash;
  std::vector<std::string> command;

  // Its outcomes are Tessera's own opinion, no evidence about a chip.
  bool is_builtin() const { return compiler == "builtin"; }
};

// "dfc 3.32.0", "builtin".
std::string compiler_text(const RunInfo& info);

struct RecordedCase {
  std::string name;
  std::string stage;
  bool finished = false;  // it has a row in the summary or a result of its own
  RecordedOutcome har = RecordedOutcome::not_tried, hef = RecordedOutcome::not_tried;
  std::string exception_type, exception_message;
  std::string signature, family, layer;
  std::string key;                 // content hash of what was compiled
  std::string har_path, hef_path;  // relative to the run's folder, or absolute; empty: none
  std::string result_path;         // of result.json, where it could be read; else empty
  std::optional<double> max_abs;   // the largest number whose name ends in max_abs
  std::map<std::string, std::string> parameters;

  bool failed() const { return har == RecordedOutcome::failed || hef == RecordedOutcome::failed; }
};

struct RecordedRun {
  RunInfo info;
  std::vector<RecordedCase> cases;  // in the order of the case table
  std::vector<std::string> notes;   // files of it that could not be read, and why
};

// A folder that holds a run.json.
bool is_run_folder(const std::filesystem::path& folder);

// Reads run.json, cases.tsv, summary.tsv and cases/*/result.json; only run.json must be there.
// Where a case's result.json and its row disagree, the former counts and a note says so; a damaged
// result.json or table is a note too. Errors: kNotFound for a folder that is no run; kCorrupt,
// kUnsupported (another format) and kResourceLimit for run.json; kIo.
Result<RecordedRun> read_run(const std::filesystem::path& folder);
// Only what run.json says.
Result<RunInfo> read_run_info(const std::filesystem::path& folder);

// Whether the text can name a case's folder: one component of a path, not hidden, at most 255
// bytes.
bool is_case_name(std::string_view name);

}  // namespace tessera
