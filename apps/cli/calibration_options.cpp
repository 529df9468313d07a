#include "cli/calibration_options.h"

#include "cli/recording_options.h"

namespace tessera::cli {

void add_length_policy_option(CommandLine& app, std::string& name) {
  app.add_option("--array-length", name,
                 "What to do with arrays of another length than the network's")
      ->one_of({"error", "crop", "pad", "repeat"})
      ->capture_default_str();
}

void add_array_option(CommandLine& app, std::string& name) {
  app.add_option("--calib-array", name,
                 "The array of an .npz to calibrate on; default: calib_data, or the one that has "
                 "the input's name, or the only one. A network of several inputs takes the arrays "
                 "that have their names")
      ->type_name("NAME");
}

LengthPolicy length_policy(const std::string& name) {
  if (name == "crop") return LengthPolicy::crop;
  if (name == "pad") return LengthPolicy::pad;
  return name == "repeat" ? LengthPolicy::repeat : LengthPolicy::error;
}

CalibrationConfig CalibrationChoice::calibration() const {
  CalibrationConfig made = config;
  made.sources.assign(files.begin(), files.end());
  made.length = cli::length_policy(length_policy);
  made.columns = windows.column_list();
  made.hop_frames = windows.hop_frames;
  return made;
}

void add_calibration_options(CommandLine& app, CalibrationChoice& choice,
                             const std::string& purpose) {
  app.add_option("--calib", choice.files, purpose)->type_name("FILE")->allow_extra_args(false);
  app.add_option("--calib-windows", choice.config.count, "Windows of a second to calibrate on")
      ->within(1, 100000)
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--calib-seed", choice.config.seed, "Seed of the choice of windows")
      ->type_name("N")
      ->capture_default_str();
  add_length_policy_option(app, choice.length_policy);
  add_truncation_option(app, choice.config.allow_truncated);
  add_array_option(app, choice.config.array);
  add_window_options(app, choice.windows);
}

}  // namespace tessera::cli
