// tessera target next: the experiment from which a network's plan would gain most.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/model_options.h"

namespace tessera::cli {

struct NextOptions {
  ModelOptions model;
  std::string target = "hailo8";
  int count = 5;
  std::string folder;  // of the experiments to write; empty: none
  bool force = false;
};
Result<Document> run_next(const NextOptions& options, Console& console);

CommandLine* define_target_next(CommandLine& app, NextOptions& options);

}  // namespace tessera::cli
