// One TensorFlow Lite file through Vela, Arm's compiler for Ethos-U, by its command line.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"
#include "vendor/vela/vela_command.h"
#include "vendor/vela/vela_report.h"

namespace tessera::vela {

struct VelaCase {
  std::string name;               // letters, digits and '_'
  std::filesystem::path network;  // the .tflite file
};

struct VelaOptions {
  std::string program = "vela";
  VelaConfiguration configuration;
  std::filesystem::path store;  // of finished compiles
  std::map<std::string, std::string> environment;
  std::optional<std::chrono::milliseconds> time_limit;  // of one network
  std::chrono::milliseconds grace{5000};
  bool retry_failures = false;  // compile again what was refused before
  // What Vela prints, as it comes; from the case's own thread.
  std::function<void(const std::string& name, std::string_view text)> on_output;
  std::function<bool()> is_cancelled;
};

// Why a network was not taken.
enum class RefusalKind : uint8_t {
  none,
  cpu,      // operators would run on the CPU
  memory,   // values take more of the SRAM than there is
  error,    // Vela ends with an error that names the network's
  timeout,  // stopped; not remembered
  crash,    // killed, or without its files; not remembered
};
std::string_view to_string(RefusalKind kind);

struct VelaResult {
  std::string name;
  bool succeeded = false;  // taken, and all of it on the NPU
  std::filesystem::path compiled;
  std::optional<VelaFigures>
      figures;  // estimates of the compiler; also where operators are refused
  RefusalKind kind = RefusalKind::none;
  std::vector<CpuOperator> cpu_operators;
  std::string refusal;  // one line
  double seconds = 0;   // that it took, when it was done
  bool from_store = false;
  std::filesystem::path log;
};

// The version, as "5.2.0". Errors: kUnavailable where Vela is not installed, does not answer, or is
// older than the one that Tessera's targets are made from.
Result<std::string> vela_version(const VelaOptions& options);

// A network that was compiled before, with the same configuration and version, is not compiled
// again, whether it was taken or refused. Errors: kUnavailable for Vela itself; kCancelled;
// kInvalidArgument for the case; kNoSpace, kIo.
Result<VelaResult> run_vela_case(const VelaCase& one, const VelaOptions& options,
                                 const std::string& version);

// As many at once as `jobs`. In the order of the cases.
std::vector<Result<VelaResult>> run_vela_cases(const std::vector<VelaCase>& cases,
                                               const VelaOptions& options,
                                               const std::string& version, int jobs);

}  // namespace tessera::vela
