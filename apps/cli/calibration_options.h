// Options that commands which calibrate share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "tessera/build.h"
#include "tessera/calibration_set.h"

namespace tessera::cli {

// --calib-length
void add_length_policy_option(CLI::App& app, std::string& name);
LengthPolicy length_policy(const std::string& name);

// What --calib and its options said.
struct CalibrationChoice {
  std::vector<std::string> files;
  CalibrationOptions set;
  std::string length_policy = "error";

  Calibration calibration() const;
};

// --calib, --calib-windows, --calib-seed, --calib-length
void add_calibration_options(CLI::App& app, CalibrationChoice& choice, const std::string& purpose);

}  // namespace tessera::cli
