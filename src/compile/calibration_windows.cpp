#include "compile/calibration_windows.h"

#include "tessera/calibration_state.h"

namespace tessera {

Result<CalibrationWindows> read_calibration_windows(const ImportedModel& model,
                                                    const Calibration& calibration) {
  CalibrationWindows windows;
  windows.length = calibration_frames(model);
  TESSERA_TRY(const Graph graph, model.network->instantiate(windows.length));
  CalibrationOptions options = calibration.set;
  options.input = graph.node(graph.inputs()[0]).shape;
  options.sample_rate = model.sample_rate.value_or(0);
  TESSERA_TRY(windows.set, read_calibration_set(calibration.sources, options));
  return windows;
}

}  // namespace tessera
