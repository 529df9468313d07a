// A build whose pieces the vendor's compiler takes: what it refuses is cut smaller, and tried
// again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "compile/vendor_compile.h"
#include "tessera/build.h"
#include "tessera/result.h"

namespace tessera {

struct VendorBuildOptions {
  BuildOptions build;  // without an output: the package is returned
  VendorCompileOptions compile;
  int attempts = 1;  // at most; more than one learn from refusals
};

// One plan and what the compiler said of it.
struct BuildAttempt {
  int64_t segments = 0;
  int64_t pieces = 0;
  int64_t refused = 0;
  int64_t row_pass_bytes = 0;  // the limit that it was planned with; 0: the target's own
  int64_t row_fail_bytes = 0;
  std::string reason;  // the first refusal, in one line; empty where there was none
};

struct VendorBuilt {
  Built built;  // of the last attempt
  VendorCompiled compiled;
  std::vector<BuildAttempt> attempts;
};

// Builds, compiles every piece, and where pieces are refused for their size takes the widest row
// of the narrowest refused piece for too wide, half of it for fit unless wider pieces were taken,
// and builds again: in options.compile.folder lies the target file of each attempt, which the
// package then holds. Ends with the first attempt that nothing is refused of, with refusals that
// are not about size, or when no narrower rows are left. `windows`: for compile_by_vendor(), by the
// model as built. Errors: those of build() and compile_by_vendor().
using WindowsOf = std::function<Result<std::vector<std::vector<float>>>(const Package& package)>;
Result<VendorBuilt> build_by_vendor(const std::filesystem::path& model,
                                    const VendorBuildOptions& options, const WindowsOf& windows,
                                    const StageCallback& observer = {});

}  // namespace tessera
