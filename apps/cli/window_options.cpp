#include "cli/window_options.h"

#include <sstream>

#include "windows/window_array.h"

namespace tessera::cli {

std::vector<std::string> WindowChoice::column_list() const {
  std::vector<std::string> list;
  std::istringstream text(columns);
  for (std::string name; std::getline(text, name, ',');) list.push_back(name);
  return list;
}

void add_window_options(CommandLine& app, WindowChoice& choice) {
  app.add_option("--columns", choice.columns,
                 "Of a .csv of sensors: the columns to read, by name or number from 1, one for "
                 "each channel, device by device; default: those with the names of the network's "
                 "channels, else all")
      ->type_name("NAME,...");
  app.add_option("--hop", choice.hop_frames,
                 "Of files of sensors: frames from one window's begin to the next one's; default: "
                 "no overlap")
      ->within(1, 1e9)
      ->type_name("FRAMES");
}

WindowFileOptions window_file_options(const ImportedModel& model, const Shape& input,
                                      const WindowChoice& choice) {
  const bool told = choice.length_is_told || model.network->length_is_fixed() ||
                    model.sensor.frames > 0 || choice.hop_frames > 0;
  WindowFileOptions options;
  options.channels = input.c;
  options.devices = input.h;
  options.frames = told ? input.w : 0;
  options.hop_frames = choice.hop_frames;
  if (static_cast<int64_t>(model.sensor.channels.size()) == input.c)
    options.channel_names = model.sensor.channels;
  options.columns = choice.column_list();
  return options;
}

Result<WindowArray> read_window_array(const std::string& path, const ImportedModel& model,
                                      const IoLayout& input, const WindowChoice& choice,
                                      std::vector<Note>& notes) {
  TESSERA_TRY(const WindowSet set,
              read_window_file(path, window_file_options(model, input.shape, choice)));
  notes.insert(notes.end(), set.notes.begin(), set.notes.end());
  return window_array(path, set, input);
}

}  // namespace tessera::cli
