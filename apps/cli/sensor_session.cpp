#include "cli/sensor_session.h"

#include <fmt/format.h>

#include "cli/machine.h"

namespace tessera::cli {

void add_sensor_arguments(CommandLine& app, SensorArguments& arguments) {
  add_model_options(app, arguments.model, true);
  add_sensor_options(app, arguments.model);
  app.add_option("FILE", arguments.files,
                 "Windows or recordings of sensors: .csv (a row a frame), .json ({\"x\": rows}), "
                 ".ts (UCR/UEA), .npy, .npz")
      ->required()
      ->type_name("FILE...");
  add_window_options(app, arguments.windows);
  add_network_backend_options(app, arguments.backend);
  add_device_options(app, arguments.backend);
}

int64_t SensorSession::window_count() const {
  int64_t count = 0;
  for (const FileWindows& file : files) count += static_cast<int64_t>(file.set.windows.size());
  return count;
}

Result<SensorSession> open_sensor_session(const SensorArguments& arguments, Console& console) {
  SensorEncoderOptions options;
  TESSERA_TRY(options.import, import_options(arguments.model));
  if (arguments.backend.name != kAutoBackend) options.backend = arguments.backend.name;
  options.host_backend = arguments.backend.host;
  options.allow_fallback = arguments.backend.allow_fallback;
  options.threads = arguments.backend.threads;
  options.memory_limit_bytes = usable_memory_bytes();
  TESSERA_TRY(SensorEncoder encoder, SensorEncoder::open(arguments.model.path, options));
  tell_import_notes(encoder.notes(), ImportNotes::warnings, console);
  SensorSession session{std::move(encoder), {}};
  WindowFileOptions reading = session.encoder.window_options();
  reading.columns = arguments.windows.column_list();
  reading.hop_frames = arguments.windows.hop_frames;
  for (const std::string& path : arguments.files) {
    TESSERA_TRY(WindowSet set, read_window_file(path, reading));
    for (const Note& note : set.notes) console.note(note.text);
    // The first file tells the length that the network leaves open.
    if (reading.frames == 0) {
      reading.frames = set.frames;
      TESSERA_TRY_VOID(session.encoder.set_frames(set.frames));
    }
    session.files.push_back({path, std::move(set)});
  }
  return session;
}

}  // namespace tessera::cli
