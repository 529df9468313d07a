#include "calibrate/calibration_data.h"

#include <algorithm>

#include "calibrate/calibration_sources.h"
#include "run/window_run.h"
#include "tessera/sensor_windows.h"

namespace tessera {
namespace {

bool is_array(const std::filesystem::path& path) {
  return path.extension() == ".npz" || path.extension() == ".npy";
}

}  // namespace

Result<CalibrationData> read_calibration_data(const CalibrationConfig& config) {
  CalibrationData data;
  data.inputs = config.inputs;
  if (config.sources.size() == 1 && is_array(config.sources[0])) {
    TESSERA_TRY_VOID(read_calibration_arrays(config, data));
    return data;
  }
  const auto windows = std::count_if(config.sources.begin(), config.sources.end(), is_window_file);
  if (windows > 0 && windows == static_cast<std::ptrdiff_t>(config.sources.size())) {
    TESSERA_TRY_VOID(read_calibration_window_files(config, data));
    return data;
  }
  for (const std::filesystem::path& path : config.sources) {
    if (is_window_file(path)) {
      return TESSERA_ERROR(kInvalidArgument, path.string(), "is a file of windows among others",
                           "calibrate with files of sensor windows, one array, or recordings");
    }
    if (!is_array(path)) continue;
    return TESSERA_ERROR(kInvalidArgument, path.string(), "is an array among recordings",
                         "calibrate with one array, or with recordings");
  }
  TESSERA_TRY_VOID(read_calibration_recordings(config, data));
  return data;
}

Result<CalibrationData> read_calibration_data(const ImportedModel& model, CalibrationConfig config,
                                              std::optional<int64_t> frames) {
  const int64_t length = frames.value_or(calibration_frames(model));
  TESSERA_TRY(const Graph graph, model.network->instantiate(length));
  config.inputs = input_layouts(model, graph);
  config.sample_rate = model.sample_rate.value_or(0);
  config.channel_names = model.sensor.channels;
  config.other_length = [&](int64_t other) {
    return other <= longest_calibration_frames(model) &&
           model.network->instantiate(other).has_value();
  };
  TESSERA_TRY(CalibrationData data, read_calibration_data(config));
  data.length = length;
  return data;
}

}  // namespace tessera
