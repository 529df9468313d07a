#include "calibrate/calibration_windows.h"

#include "run/window_run.h"
#include "tessera/compiler/calibrate.h"

namespace tessera {

Result<CalibrationWindows> read_calibration_windows(const ImportedModel& model,
                                                    const Calibration& calibration,
                                                    std::optional<int64_t> frames) {
  CalibrationWindows windows;
  windows.length = frames.value_or(calibration_frames(model));
  TESSERA_TRY(const Graph graph, model.network->instantiate(windows.length));
  CalibrationOptions options = calibration.set;
  options.inputs = windows.inputs = input_layouts(model, graph);
  options.sample_rate = model.sample_rate.value_or(0);
  options.other_length = [&](int64_t other) {
    return other <= longest_calibration_frames(model) &&
           model.network->instantiate(other).has_value();
  };
  TESSERA_TRY(windows.set, read_calibration_set(calibration.sources, options));
  return windows;
}

}  // namespace tessera
