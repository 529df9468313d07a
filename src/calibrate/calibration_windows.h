// Windows that a build calibrates on: norms and integers see the same ones.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/import.h"
#include "tessera/result.h"

namespace tessera {

struct CalibrationWindows {
  CalibrationSet set;
  int64_t length = 0;            // frames of the network
  std::vector<IoLayout> inputs;  // at that length
};

// Of calibration_frames(), or of `frames`. Errors: those of read_calibration_set() and of
// Network::instantiate().
Result<CalibrationWindows> read_calibration_windows(const ImportedModel& model,
                                                    const Calibration& calibration,
                                                    std::optional<int64_t> frames = {});

}  // namespace tessera
