// How Arm's Vela is called, and what it said of each piece: what commands share that drive it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/vendor_options.h"
#include "compile/vela_build.h"
#include "compile/vela_compile.h"

namespace tessera::cli {

// A compile that an interrupt ends. Both must outlive what it makes.
class VelaSession {
 public:
  VelaSession(const VendorChoice& choice, const std::string& output, Console& console);
  ~VelaSession();

  // Asks Vela for its version. Errors: kUnavailable where it is not installed or too old;
  // kUnsupported for a target that it does not compile for.
  Result<VelaCompileOptions> options(const Target& target);

 private:
  const VendorChoice& choice_;
  std::string folder_;
  Console& console_;
  Interrupt interrupt_;
  std::unique_ptr<CompilerTail> tail_;
};

void print_pieces(const VelaCompiled& compiled, Console& console);
Document pieces_document(const VelaCompiled& compiled);

// Of more than one attempt.
void print_attempts(const std::vector<VelaAttempt>& attempts, Console& console);
Document attempts_document(const std::vector<VelaAttempt>& attempts);

// kUnsupported naming the first refused piece and what to do; success if there is none. `kept`:
// where the others are, empty if nowhere.
Result<void> verdict_of(const VelaCompiled& compiled, const std::string& kept);

}  // namespace tessera::cli
