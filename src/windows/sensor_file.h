// What a file of sensors holds before windows are cut out of it: recordings, a row a frame. One
// reader per kind of file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/result.h"
#include "tessera/sensor_windows.h"

namespace tessera {

struct SensorRecording {
  std::string source;       // what it is called in errors: its file and place there
  std::vector<float> rows;  // [frames, width]
  std::string label;        // empty: none
};

struct SensorFile {
  std::vector<SensorRecording> recordings;
  int64_t width = 0;  // channels of all devices
  // Each recording is a window as its maker cut it; else windows are cut out of it.
  bool holds_windows = false;
  std::vector<Note> notes;
};

// Errors: those of read_window_file(). `options` tell which columns of a CSV are read, and which
// axis of an array is time.
Result<SensorFile> read_csv_recording(const std::filesystem::path& path,
                                      const WindowFileOptions& options);
Result<SensorFile> read_json_windows(const std::filesystem::path& path);
Result<SensorFile> read_ts_file(const std::filesystem::path& path);
Result<SensorFile> read_array_file(const std::filesystem::path& path,
                                   const WindowFileOptions& options);

}  // namespace tessera
