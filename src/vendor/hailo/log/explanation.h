// What a log of a vendor's tool says: the tool's run, its outcome, and why it failed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/result.h"
#include "vendor/hailo/log/families.h"

namespace tessera::hailo {

enum class LogOutcome : uint8_t { ok, fail, info };
std::string_view to_string(LogOutcome outcome);

// Shares of a chip's units that one context uses, in percent.
struct UtilizationTable {
  struct Row {
    std::string name;  // "cluster_0", "Total"
    std::string control, compute, memory;
  };
  std::string context;  // empty if the log does not name it
  std::vector<Row> rows;
};

struct NegativeExponent {
  std::string layer;
  std::string desired_shift, data_bits;
};

struct LogExplanation {
  std::string tool;     // "hailo parser", "ClientRunner", "hailortcli", "driver"; empty if not told
  std::string version;  // "DFC 3.32.0", "4.20.0"
  LogStage stage = LogStage::none;
  LogOutcome outcome = LogOutcome::info;
  std::string family;             // of families()
  std::string exception_type;     // a Python class, or a status of HailoRT
  std::string exception_message;  // the line that tells the cause
  std::string signature;          // "Class", "Class:layer", "Class:input_shape", "Class:reshape:N"
  std::string failure_head;
  // As the log has them, in order of appearance; never one that it does not name as failing.
  std::vector<std::string> layers;
  std::vector<std::string> reshape_layers;
  std::optional<NegativeExponent> negative_exponent;
  std::vector<std::string> recommended_start_nodes, recommended_end_nodes;
  std::vector<std::string> mapped_end_nodes;                 // where the parser ended the network
  std::vector<std::pair<std::string, std::string>> numbers;  // "allocation_time_s": "104"
  std::vector<UtilizationTable> utilization;
  std::vector<std::string> notes;
  int64_t lines = 0;

  // Empty if the log does not tell it.
  std::string_view number(std::string_view key) const;
};

// The family's next step, with the failing layer's name in it where it is known.
std::string next_step_of(const LogExplanation& told);

// Reads a log piece by piece, in memory that does not grow with it.
class LogExplainer {
 public:
  LogExplainer();
  ~LogExplainer();
  LogExplainer(LogExplainer&&) noexcept;
  LogExplainer& operator=(LogExplainer&&) noexcept;

  void feed(std::string_view bytes);
  // Of everything fed. Nothing may be fed afterwards.
  LogExplanation finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

LogExplanation explain_log(std::string_view text);
// Errors: kNotFound; kInvalidArgument for a directory; kIo.
Result<LogExplanation> explain_log_file(const std::filesystem::path& path);

}  // namespace tessera::hailo
