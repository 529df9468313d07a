// How the vendor's compiler is called, and what it said of each piece: what commands share that
// drive it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/calibration_options.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/interrupt.h"
#include "compile/vendor_build.h"
#include "compile/vendor_compile.h"

namespace tessera::cli {

struct VendorChoice {
  std::string program = "hailo";
  std::string vela = "vela";
  std::string python;   // an environment to call the compiler in; empty: by its command line
  std::string hw_arch;  // empty: the package's target
  std::string folder;   // of pieces, logs and finished steps; empty: beside the output
  int64_t samples = 64;
  std::string join = "fastest";  // to_string(FileSharing)
  int jobs = 0;                  // 0: by processors and free memory
  double time_limit_s = 0;
  bool retry = false;
  bool tail = false;
};

// --dfc, --dfc-python, --vela, --hw-arch, --work, --samples, --join, --jobs, --time-limit, --retry,
// --tail
void add_vendor_options(CommandLine& app, VendorChoice& choice);

class CompilerTail;

// A compile that an interrupt ends. Both must outlive what it makes.
class VendorSession {
 public:
  VendorSession(const VendorChoice& choice, const std::string& output, const std::string& target,
                Console& console);
  ~VendorSession();

  // Asks the compiler for its version. Errors: kUnavailable where it is not installed.
  Result<VendorCompileOptions> options();

 private:
  const VendorChoice& choice_;
  std::string folder_;
  std::string hw_arch_;
  Console& console_;
  Interrupt interrupt_;
  std::unique_ptr<CompilerTail> tail_;
};

// What the network will hear, at the package's length. Errors: those of reading.
Result<std::vector<std::vector<float>>> windows_of(const Package& package,
                                                   const CalibrationConfig& calibration,
                                                   Console& console);

void print_pieces(const VendorCompiled& compiled, Console& console);
// Which pieces share a file, and what a run is estimated to take with the files that there are.
Document files_document(const VendorCompiled& compiled);
Document pieces_document(const VendorCompiled& compiled);

// What was planned and refused, of more than one attempt.
void print_attempts(const std::vector<BuildAttempt>& attempts, Console& console);
Document attempts_document(const std::vector<BuildAttempt>& attempts);

// kUnsupported naming the first refused piece and what to do; success if there is none. `kept`:
// where the others are, empty if nowhere.
Result<void> verdict_of(const VendorCompiled& compiled, const std::string& kept);

}  // namespace tessera::cli
