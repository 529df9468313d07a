// What a target file leaves open, as networks for the vendor's compiler.
#pragma once

#include <string>

#include "cli/command.h"

namespace tessera::cli {

struct ExperimentOptions {
  std::string target = "hailo8";
  std::string folder;   // to write
  std::string results;  // to read
  bool force = false;
};

Result<Document> run_experiment(const ExperimentOptions& options, Console& console);

}  // namespace tessera::cli
