// tessera target fit: a target file narrowed by what real compiles say; tessera target diff: two of
// them.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace tessera::cli {

struct FitOptions {
  std::string target = "hailo8";
  std::vector<std::string> evidence;
  std::string output;
  bool force = false;
};
Result<Document> run_fit(const FitOptions& options, Console& console);

struct TargetDiffOptions {
  std::string a, b;
};
Result<Document> run_target_diff(const TargetDiffOptions& options, Console& console);

}  // namespace tessera::cli
