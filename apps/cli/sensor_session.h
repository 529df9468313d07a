// What classify and encode share: a network of sensors and the windows it is given.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/model_options.h"
#include "cli/window_options.h"
#include "tessera/result.h"
#include "tessera/sensor_encoder.h"
#include "tessera/sensor_windows.h"

namespace tessera::cli {

struct SensorArguments {
  ModelOptions model;
  BackendChoice backend;
  std::vector<std::string> files;
  WindowChoice windows;
};

// MODEL, FILE..., and what both commands take.
void add_sensor_arguments(CommandLine& app, SensorArguments& arguments);

// The windows of one file.
struct FileWindows {
  std::string path;
  WindowSet set;
};

struct SensorSession {
  SensorEncoder encoder;
  std::vector<FileWindows> files;

  int64_t window_count() const;
};

// Opens the network and reads every file, all of one length. Errors: those of SensorEncoder::open()
// and read_window_file().
Result<SensorSession> open_sensor_session(const SensorArguments& arguments, Console& console);

}  // namespace tessera::cli
