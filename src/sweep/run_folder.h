// The folder of a run: run.json, definition.toml, target.toml, cases.tsv, cases/, summary.tsv.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fields.h"
#include "sweep/case_result.h"
#include "sweep/definition.h"
#include "sweep/run_case.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

enum class RunState : uint8_t { running, stopped, finished };
std::string_view to_string(RunState state);

// run.json.
struct RunRecord {
  std::string name;
  std::vector<std::string> command;  // that made the run
  std::string created;               // UTC, "2026-02-23T02:06:16Z"
  std::string tessera;               // version
  Json machine = Json::object();
  std::string target_name;
  std::string target_hash;
  SweepCompiler compiler;
  std::string definition_hash;
  std::filesystem::path definition_folder;  // that its relative paths are relative to
  std::string profile;                      // empty: the definition has none
  std::string pattern;                      // of cases; empty: all
  std::string model;                        // that seeded networks were replaced by; empty: none
  RunState state = RunState::running;
};

// A run as its folder tells it: the definition with the cases of the run alone.
struct SweepRun {
  std::filesystem::path folder;
  RunRecord record;
  SweepDefinition definition;
  Target target;
  std::string target_text;

  std::string tag() const;  // column run_tag
  std::filesystem::path case_folder(const std::string& name) const {
    return folder / "cases" / name;
  }
  // Null for a name that is none.
  const SweepCase* find(const std::string& name) const;
};

// Errors: kNotFound where there is no run; kCorrupt for a folder whose files contradict each
// other; those of parse_sweep() and parse_target().
Result<SweepRun> open_run(const std::filesystem::path& folder);

// Writes a run's folder, or finds it as an earlier command left it. Errors: kMismatch naming what
// differs, where the folder is of another definition, target, compiler or choice of cases;
// kAlreadyExists for a folder with anything else in it; those of writing.
Result<SweepRun> begin_run(SweepRun run);
Result<void> write_state(SweepRun& run, RunState state);

// The cases that are finished, in the definition's order; nullopt for those that are not. A folder
// without a readable result is removed if `repair` is set. Errors: those of reading.
Result<std::vector<std::optional<CaseResult>>> finished_cases(const SweepRun& run, bool repair);

// Rows of finished cases, under first-success none after the first success.
std::vector<CaseResult> counted_cases(const SweepDefinition& definition,
                                      const std::vector<std::optional<CaseResult>>& results);
Result<void> write_summary(const SweepRun& run,
                           const std::vector<std::optional<CaseResult>>& results);

// "2026-02-23T02:06:16Z" of now; "20260223T020616Z" for folders.
std::string utc_now();
std::string utc_stamp();

}  // namespace tessera
