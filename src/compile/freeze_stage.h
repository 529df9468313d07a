// The stage of a build that gives norms constants: calibrate on windows, choose which to freeze.
#pragma once

#include <map>
#include <string>

#include "calibrate/calibration_data.h"
#include "tessera/build.h"
#include "tessera/compiler/tune.h"
#include "tessera/result.h"

namespace tessera {

struct FrozenNorms {
  std::map<std::string, NormConstants> constants;  // of those that are frozen
  FrozenNormsPoint point;                          // what they cost and save
  int64_t exact_segments = 0;                      // with none frozen
  int64_t freezable = 0;
};

// By BuildOptions::norm: every norm that may be frozen, or those that are worth it. Errors: those
// of measure_frozen_norms(); kInvalidArgument where the network has no
// norm to freeze.
Result<FrozenNorms> freeze_norms(const ImportedModel& model, const Target& target,
                                 const CalibrationData& data, const BuildOptions& options);

}  // namespace tessera
