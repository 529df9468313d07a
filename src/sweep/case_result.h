// What became of a case: result.json of its folder, and its row of summary.tsv.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fields.h"
#include "sweep/parameters.h"
#include "tessera/result.h"

namespace tessera {

enum class StepOutcome : uint8_t { passed, failed, not_tried };
std::string_view to_string(StepOutcome outcome);  // "passed", "failed", "not_tried"

struct CaseFailure {
  std::string exception_type;     // "DoesNotFit", "BackendAllocatorException"
  std::string exception_message;  // one line
  std::string signature;          // "Class", "Class:layer", "Class:input_shape", "Class:reshape:N"
  std::string family;             // of vendors' logs: "allocator_infeasible"
  std::string layer;              // the first that fails; empty if none is told
  std::vector<std::string> reshape_layers;
  std::optional<std::map<std::string, std::string>> negexp;  // layer, desired_shift, data_bits
};

// A rule that the target has against the network, or cannot answer.
struct CaseViolation {
  std::string rule;     // "row_width"
  std::string entry;    // of the target file: "limits.row_bytes"
  std::string node;     // empty: the network as a whole
  std::string verdict;  // "does not fit", "unknown"
  int64_t number = 0;
  std::string limit;
  std::string reason;
  std::string remedy;
};

struct CaseNumber {
  double value = 0;
  std::string unit;
  std::string how;  // "measured", "estimated", "emulated"
};

struct CaseResult {
  std::string name;
  std::string key;  // content hash of all that the result depends on; empty: nothing was made
  std::string stage;
  Parameters parameters;
  StepOutcome har = StepOutcome::not_tried;
  StepOutcome hef = StepOutcome::not_tried;
  std::optional<CaseFailure> failure;
  // The target cannot say whether it fits: why. Neither a success nor a failure.
  std::string unknown;
  std::vector<CaseViolation> violations;
  std::map<std::string, CaseNumber> numbers;
  std::vector<std::string> notes;
  double seconds = 0;

  int64_t input_len = 0;  // 0 where no network was made
  int64_t input_chan = 0;
  std::string calibration;  // as the definition has it; "seeded:1x16000"
  // Names in the case's folder; empty: not made.
  std::string har_file, hef_file, har_log, hef_log, failure_log;

  // The goal of the sweep is reached.
  bool succeeded(bool hef_wanted) const {
    return hef_wanted ? hef == StepOutcome::passed : har == StepOutcome::passed;
  }
  bool failed() const { return har == StepOutcome::failed || hef == StepOutcome::failed; }
  // "DoesNotFit: encoder: ...", "unknown: ..."; empty for a success.
  std::string failure_head() const;
};

Json to_json(const CaseResult& result);
// Errors: kCorrupt.
Result<CaseResult> case_result_from(const Json& json, const std::string& origin);
Result<CaseResult> read_case_result(const std::filesystem::path& folder);
Result<void> write_case_result(const CaseResult& result, const std::filesystem::path& folder);

// _compile_failure.txt.
std::string failure_text(const CaseResult& result);

// summary.tsv, rows as they are given; `columns` are parameters beside the usual ones. Nothing in
// it depends on time, machine or the order of execution.
std::string summary_table(const std::vector<CaseResult>& results,
                          const std::vector<std::string>& columns, const std::string& run_tag);

}  // namespace tessera
