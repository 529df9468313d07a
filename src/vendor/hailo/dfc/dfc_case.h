// One network through Hailo's Dataflow Compiler: parse, optimise, compile, by its command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"
#include "vendor/hailo/dfc/model_script.h"
#include "vendor/hailo/log/explanation.h"
#include "vendor/step_store.h"

namespace tessera::hailo {

struct DfcInput {
  std::string name;            // of the ONNX input
  std::vector<int64_t> shape;  // as the ONNX file has it
};

struct DfcCase {
  std::string name;  // of the network: letters, digits and '_'
  std::filesystem::path onnx;
  std::filesystem::path calibration;  // .npy [N, H, W, C], or .npz with an array per input layer
  std::vector<DfcInput> inputs;
  std::vector<std::string> end_nodes;   // of the ONNX file; empty: its outputs
  std::vector<std::string> wide_nodes;  // of the ONNX file: values of 16 bits
  ModelScript script;                   // what the precisions are added to
  // Networks side by side in one file, each with its own inputs and outputs, layers "PART/conv1".
  // There is then no ONNX file, nor anything of one, but those of the parts; calibration is .npz
  // with "PART/input_layerN" of all, as many samples each.
  std::vector<DfcCase> parts = {};
};

struct DfcOptions {
  std::string program = "hailo";
  std::vector<std::string> leading_arguments;  // before those of the command line: a script
  std::string hw_arch = "hailo8";
  std::filesystem::path store;  // of finished steps
  std::map<std::string, std::string> environment;
  std::optional<std::chrono::milliseconds> time_limit;  // of one step
  std::chrono::milliseconds grace{10000};
  bool retry_failures = false;  // do again what failed before
  // Of all cases in turn: what a step prints, as it comes; from the case's own thread.
  std::function<void(const std::string& name, LogStage step, std::string_view text)> on_output;
  std::function<void(const std::string& name, LogStage step, bool from_store)> on_step;
  std::function<bool()> is_cancelled;
};

struct DfcStep {
  LogStage stage = LogStage::none;
  std::string end;          // how the program ended
  double seconds = 0;       // that it took, when it was done
  bool from_store = false;  // done before
  std::filesystem::path log;
};

struct DfcResult {
  std::string name;
  bool succeeded = false;
  std::filesystem::path har;  // of the last step that made one
  std::filesystem::path hef;
  std::string script;  // the model script
  std::vector<DfcStep> steps;
  LogExplanation told;  // of the last step
  std::string refusal;  // one line, for a failure
};

// The compiler's version as it tells it. Errors: kUnavailable where it is not installed or does not
// answer.
Result<std::string> dfc_version(const DfcOptions& options);

// Steps that were finished before, with the same network, data, script and version, are not done
// again, whether they succeeded or not. A refusal of the compiler is a result. A step counts as
// done only if its file is there, whole, and the log says so. Errors: kUnavailable for the compiler
// itself; kCancelled; kInvalidArgument for the case; kNoSpace, kIo.
Result<DfcResult> run_dfc_case(const DfcCase& one, const DfcOptions& options,
                               const std::string& version);

// As many at once as `jobs`. In the order of the cases.
std::vector<Result<DfcResult>> run_dfc_cases(const std::vector<DfcCase>& cases,
                                             const DfcOptions& options, const std::string& version,
                                             int jobs);

// How many cases run at once within this machine's processors and free memory; at least 1.
int dfc_jobs();

}  // namespace tessera::hailo
