// A build whose pieces Vela compiles: what it refuses is learnt, planned around, and tried again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compile/vela_compile.h"
#include "tessera/build.h"
#include "tessera/result.h"

namespace tessera {

struct VelaBuildOptions {
  BuildOptions build;  // without an output: the package is returned
  VelaCompileOptions compile;
  int attempts = 1;  // at most; more than one learn from refusals
};

// One plan and what Vela said of it.
struct VelaAttempt {
  int64_t segments = 0;
  int64_t pieces = 0;
  int64_t refused = 0;
  std::string reason;   // the first refusal, in one line; empty where there was none
  std::string learned;  // what the next plan takes for known; empty where nothing could be learnt
};

struct VelaBuilt {
  Built built;  // of the last attempt
  VelaCompiled compiled;
  std::vector<VelaAttempt> attempts;
};

// Builds, compiles every piece, and where pieces are refused builds again with what the refusals
// teach: a dilation that runs on the CPU is beyond the chip's, so that phases take its place; of
// convolutions that Vela cannot compile the widest has too many channels, so that blocks do; values
// that take more memory than estimated get less of it; any other operator on the CPU stays with
// the host. In options.compile.folder lies the target file of each attempt, which the package then
// holds. Ends with the first attempt that nothing is refused of, or that teaches nothing. Errors:
// those of build() and compile_with_vela().
Result<VelaBuilt> build_with_vela(const std::filesystem::path& model,
                                  const VelaBuildOptions& options,
                                  const StageCallback& observer = {});

}  // namespace tessera
