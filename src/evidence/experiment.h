// Experiments for a machine that has the vendor's compiler: the smallest networks whose outcomes
// would settle what a target file leaves open, and what the answers say about it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"
#include "vendor/hailo/log/explanation.h"

namespace tessera {

struct ExperimentCase {
  std::string name;  // letters, digits and '_': a network's name for the compiler
  std::string question;
  Graph graph;
  bool int16 = false;  // activations of 16 bits
  // The entry of the target's limits that the outcome moves, and the number asked about.
  std::string limit;
  int64_t number = 0;
};

// What is open for this target: dilation along H, rows between the limit's ends, time on H beside
// eight columns, a product with a runtime input, activations of 16 bits.
std::vector<ExperimentCase> experiment_cases(const Target& target);

// Writes `folder`: cases.tsv, README.md, run.sh, and of each case its network as ONNX (4 axes),
// calibration (.npy, NHWC) and model script. run.sh takes the vendor's command line through parse,
// optimise and compile, never waits for an answer, leaves a log a step in results/, and goes on
// where it was interrupted. Errors: kAlreadyExists for a folder that is not empty, unless `force`;
// those of export_onnx() and of writing.
Result<void> write_experiment(const Target& target, const std::vector<ExperimentCase>& cases,
                              const std::filesystem::path& folder, bool force);

enum class ExperimentOutcome : uint8_t { not_run, passes, fails, unclear };
std::string_view to_string(ExperimentOutcome outcome);  // "not run", "passes", "fails", "unclear"

struct ExperimentRow {
  std::string name;
  std::string question;
  std::string limit;
  int64_t number = 0;
  std::string expected;  // the target's verdict when the folder was written
  ExperimentOutcome outcome = ExperimentOutcome::not_run;
  hailo::LogExplanation told;  // of the last step that ran
};

struct ExperimentReport {
  std::string target;
  std::vector<ExperimentRow> rows;
  // What to write into the target file: a [[limits.NAME.data_points]] for each number that was
  // decided.
  std::string toml;
};

// Reads a folder of write_experiment() back. A refusal for reasons that say nothing about the
// question (environment, memory, a time-out) is unclear. Errors: kNotFound, kCorrupt for a folder
// that is none.
Result<ExperimentReport> read_experiment(const std::filesystem::path& folder);

}  // namespace tessera
