// tessera target fit and target diff: what compiles teach about a target, and what two files differ
// in.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace tessera::cli {

struct FitOptions {
  std::vector<std::string> evidence;
  std::string target = "hailo8";
  std::string output;
  bool force = false;
};
Result<Document> run_fit(const FitOptions& options, Console& console);

struct TargetDiffOptions {
  std::string a;
  std::string b;
};
Result<Document> run_target_diff(const TargetDiffOptions& options, Console& console);

// The subcommands' options.
CommandLine* define_target_fit(CommandLine& app, FitOptions& options);
CommandLine* define_target_diff(CommandLine& app, TargetDiffOptions& options);

}  // namespace tessera::cli
