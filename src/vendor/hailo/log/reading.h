// LogReading: what the lines of one log have told so far, and the verdict over it.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "vendor/hailo/log/explanation.h"
#include "vendor/hailo/log/log_line.h"
#include "vendor/hailo/log/pattern.h"
#include "vendor/hailo/log/recogniser.h"

namespace tessera::hailo {

// Why a run fails, as one family sees it.
struct Reason {
  uint8_t rank = 0;
  int64_t line = 0;  // where it was first told
  LogStage stage = LogStage::none;
  std::string message;
  std::vector<std::string> layers;
};

// One run of a tool in a log that may hold several.
struct RunReading {
  std::map<std::string_view, Reason> reasons;  // by family
  std::vector<std::string> supporting_layers;  // with the family they support, "family\nlayer"
  std::vector<std::string> reshape_layers;
  NegativeExponent negative_exponent;
  std::string exception, exception_message;  // the last one raised
  std::string implied_exception, op_exception;
  const RuntimeStatus* status = nullptr;  // the one that tells most
  LogStage stage = LogStage::none;
  bool succeeded = false;
  bool confirmed = false;  // that it fails: not only suspected
  int64_t contexts = 0;

  bool is_decided() const { return succeeded || confirmed; }
};

class LogReading {
 public:
  void read(const LogLine& line);
  LogExplanation conclude();

 private:
  void read_text(const LogLine& line);
  void read_joined(const LogLine& line);
  // Whether the line was a failure, or harmless.
  bool apply_rows(std::string_view text, const LogLine& line, size_t joined_from);
  void apply(const Recogniser& row, const Match& match, const std::string& message);
  void take(const Recogniser& row, const Capture& capture);
  void take_names(const Recogniser& row, const Capture& capture);
  void succeed(LogStage stage);
  void fail(std::string_view family, uint8_t rank, LogStage stage, std::string_view message);
  bool read_exception(const LogLine& line);
  bool read_statuses(const LogLine& line);
  void take_status(const RuntimeStatus& status, std::string_view message);
  void read_utilization(const LogLine& line);
  void read_layer_block(const LogLine& line);
  void set_number(std::string_view key, std::string value);
  void set_tool(std::string_view tool);

  RunReading run_, previous_;
  LogExplanation told_;
  std::string dfc_version_, hailort_version_;
  std::string pending_exception_;      // its message is on the next line
  std::array<std::string, 3> before_;  // lines that this one may continue, oldest first
  bool in_layer_block_ = false;
};

// The verdict of a run, written into `told`.
void conclude_run(const RunReading& run, LogExplanation& told);

}  // namespace tessera::hailo
