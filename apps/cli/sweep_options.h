// What `tessera sweep PRESET` is told.
#pragma once

#include <optional>
#include <string>

#include "cli/command_line.h"

namespace tessera::cli {

struct SweepArguments {
  std::string sweep;
  std::string profile;
  std::string pattern;
  std::string model;
  std::string compiler = "builtin";
  std::string target = "hailo8";
  std::string output;
  std::string runs;
  bool no_cache = false;
  int jobs = 0;
  std::optional<double> case_limit_s;
  std::optional<double> time_limit_s;
  std::string dfc = "hailo";
  std::string dfc_python;
  std::string hw_arch;
  std::string vela = "vela";
};

void add_sweep_options(CommandLine& app, SweepArguments& options);

}  // namespace tessera::cli
