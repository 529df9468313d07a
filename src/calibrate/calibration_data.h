// Calibration data of a model: norms and integers of a build see the same windows.
#pragma once

#include <cstdint>
#include <optional>

#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/import.h"
#include "tessera/result.h"

namespace tessera {

// Windows of calibration_frames(), or of `frames`; inputs and sample rate come from the model, not
// from `config`. Errors: those of read_calibration_data() and of Network::instantiate().
Result<CalibrationData> read_calibration_data(const ImportedModel& model, CalibrationConfig config,
                                              std::optional<int64_t> frames = {});

}  // namespace tessera
