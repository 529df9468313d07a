// Options of every command that takes files of sensor windows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "graph/window_batch.h"
#include "tessera/compiler/import.h"
#include "tessera/result.h"
#include "tessera/sensor_windows.h"

namespace tessera::cli {

struct WindowChoice {
  std::string columns;     // of a CSV, "ax,ay,az"
  int64_t hop_frames = 0;  // as WindowFileOptions has it
  // The model's length is that of a window: --length, or a package's.
  bool length_is_told = false;

  std::vector<std::string> column_list() const;
};

// --columns and --hop
void add_window_options(CommandLine& app, WindowChoice& choice);

// How files are read for an input of `model` at its present length.
WindowFileOptions window_file_options(const ImportedModel& model, const Shape& input,
                                      const WindowChoice& choice);

// The windows of a file as an array for an input, and what is to be noted. Errors: those of
// read_window_file() and window_array().
Result<WindowArray> read_window_array(const std::string& path, const ImportedModel& model,
                                      const IoLayout& input, const WindowChoice& choice,
                                      std::vector<Note>& notes);

}  // namespace tessera::cli
