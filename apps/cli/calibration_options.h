// Options that commands which calibrate share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tessera/calibration_set.h"

namespace tessera::cli {

// --calib-length
void add_length_policy_option(CLI::App& app, std::string& name);
LengthPolicy length_policy(const std::string& name);

}  // namespace tessera::cli
