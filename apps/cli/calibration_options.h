// Options that commands which calibrate share.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/window_options.h"
#include "tessera/build.h"
#include "tessera/compiler/calibrate.h"

namespace tessera::cli {

// --array-length
void add_length_policy_option(CommandLine& app, std::string& name);
// --calib-array
void add_array_option(CommandLine& app, std::string& name);
LengthPolicy length_policy(const std::string& name);

// What --calib and its options said.
struct CalibrationChoice {
  std::vector<std::string> files;
  CalibrationConfig config;
  std::string length_policy = "error";
  WindowChoice windows;

  CalibrationConfig calibration() const;
};

// --calib, --calib-windows, --calib-seed, --array-length, --calib-array, --columns, --hop
void add_calibration_options(CommandLine& app, CalibrationChoice& choice,
                             const std::string& purpose);

}  // namespace tessera::cli
