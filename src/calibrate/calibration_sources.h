// The three kinds of sources of calibration data.
#pragma once

#include "tessera/compiler/calibrate.h"
#include "tessera/result.h"

namespace tessera {

// Both fill windows, notes and, of recordings, which window is from which. Errors: those of
// read_calibration_data().
Result<void> read_calibration_recordings(const CalibrationConfig& config, CalibrationData& data);
// config.sources are all is_window_file().
Result<void> read_calibration_window_files(const CalibrationConfig& config, CalibrationData& data);
// config.sources holds one path.
Result<void> read_calibration_arrays(const CalibrationConfig& config, CalibrationData& data);

}  // namespace tessera
