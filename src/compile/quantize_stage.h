// The stage of a build that makes integers: calibrate on windows, choose precisions, quantise.
#pragma once

#include <string>
#include <vector>

#include "calibrate/calibration_data.h"
#include "tessera/build.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/tune.h"
#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera {

struct QuantizedPlan {
  Encodings encodings;  // of plan.graph's nodes
  int64_t windows = 0;
  int64_t values = 0;        // encoded
  int64_t int16_values = 0;  // of these in 16 bits
  // Of the outputs over float.
  HeldOutQuality quality;
  bool held_out = false;  // on recordings that ranges were not taken from
  CalibrationReport report;
  std::vector<Note> notes;
};

// `rewriting` is what the plan's graph was rewritten with. Errors: those of calibrate() and
// quantize(); kCancelled when options.progress says so.
Result<QuantizedPlan> quantize_plan(const ImportedModel& model, const Plan& plan,
                                    const Target& target, const CalibrationData& data,
                                    const RewriteParameters& rewriting,
                                    const BuildOptions& options);

}  // namespace tessera
