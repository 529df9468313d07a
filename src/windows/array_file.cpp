// Windows, or one recording, as an array of NumPy's.
#include <algorithm>

#include <fmt/format.h>

#include "graph/named_arrays.h"
#include "graph/window_batch.h"
#include "graph/window_reading.h"
#include "windows/sensor_file.h"

namespace tessera {
namespace {

Result<NpyArray> read_array(const std::filesystem::path& path) {
  if (path.extension() != ".npz") return read_npy(path);
  const std::vector<std::string> name{"x"};
  TESSERA_TRY(NamedArrays named, read_named_arrays(path, name));
  return std::move(named.arrays[0]);
}

}  // namespace

Result<SensorFile> read_array_file(const std::filesystem::path& path,
                                   const WindowFileOptions& options) {
  TESSERA_TRY(const NpyArray array, read_array(path));
  TESSERA_TRY_VOID(check_finite(array, path.string()));
  // A frame of one says nothing of where time lies.
  const Shape shape{options.channels, options.devices, std::max<int64_t>(options.frames, 2)};
  const IoLayout input = plain_layout("x", shape);
  const std::vector<WindowReading> readings = readings_of(array.dims, input);
  if (readings.empty()) {
    return TESSERA_ERROR(kInvalidArgument, path.string(), misfit_text(array.dims, input, true),
                         "save windows in a stack: (N, T, C) or (N, C, T)");
  }
  const auto fits = [&](const WindowReading& reading) {
    return reading.frames() == options.frames;
  };
  const auto best = std::find_if(readings.begin(), readings.end(), fits);
  const WindowReading& reading = best == readings.end() ? readings.front() : *best;
  SensorFile file;
  file.width = options.channels * options.devices;
  file.holds_windows = reading.stacked;
  if (reading.windows == 0 || reading.frames() == 0) {
    return TESSERA_ERROR(kInvalidArgument, path.string(), "holds no window", "give at least one");
  }
  for (int64_t n = 0; n < reading.windows; ++n) {
    TESSERA_TRY(const std::vector<float> window, window_of(array.values, reading, n));
    SensorRecording recording{
        reading.stacked ? fmt::format("{}: window {}", path.string(), n) : path.string(),
        std::vector<float>(window.size()), ""};
    const auto frames = static_cast<size_t>(reading.frames());
    for (size_t c = 0; c < static_cast<size_t>(shape.c); ++c) {
      for (size_t h = 0; h < static_cast<size_t>(shape.h); ++h) {
        for (size_t t = 0; t < frames; ++t) {
          recording
              .rows[(t * static_cast<size_t>(shape.h) + h) * static_cast<size_t>(shape.c) + c] =
              window[(c * static_cast<size_t>(shape.h) + h) * frames + t];
        }
      }
    }
    file.recordings.push_back(std::move(recording));
  }
  return file;
}

}  // namespace tessera
