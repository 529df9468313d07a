// Windows that a build calibrates on: norms and integers see the same ones.
#pragma once

#include <cstdint>

#include "tessera/build.h"
#include "tessera/calibration_set.h"
#include "tessera/import.h"
#include "tessera/result.h"

namespace tessera {

struct CalibrationWindows {
  CalibrationSet set;
  int64_t length = 0;  // frames of the network's input
};

// A second long, or as long as the network's one length. Errors: those of read_calibration_set().
Result<CalibrationWindows> read_calibration_windows(const ImportedModel& model,
                                                    const Calibration& calibration);

}  // namespace tessera
