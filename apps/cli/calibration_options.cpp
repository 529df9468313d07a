#include "cli/calibration_options.h"

namespace tessera::cli {

void add_length_policy_option(CLI::App& app, std::string& name) {
  app.add_option("--calib-length", name,
                 "What to do with arrays of another length than the network's")
      ->check(CLI::IsMember({"error", "crop", "pad", "repeat"}).description(""))
      ->type_name("error|crop|pad|repeat")
      ->capture_default_str();
}

LengthPolicy length_policy(const std::string& name) {
  if (name == "crop") return LengthPolicy::crop;
  if (name == "pad") return LengthPolicy::pad;
  return name == "repeat" ? LengthPolicy::repeat : LengthPolicy::error;
}

}  // namespace tessera::cli
