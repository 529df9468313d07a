// The stage of a build that makes integers: calibrate on windows, choose precisions, quantise.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tessera/build.h"
#include "tessera/calibration_record.h"
#include "tessera/encodings.h"
#include "tessera/result.h"

namespace tessera {

struct QuantizedPlan {
  Encodings encodings;  // of plan.graph's nodes
  std::vector<Note> notes;
  int64_t windows = 0;
  int64_t values = 0;  // encoded
  int64_t wide = 0;    // of these in 16 bits
  double snr_db = 0;   // of the outputs over float, on the first windows
  CalibrationRecord record;
};

// Windows are a second long, or as long as the network's one length. Errors: those of
// read_calibration_set(), calibrate() and quantize(); kUnsupported where mixed precision cannot
// keep what was asked for.
Result<QuantizedPlan> quantize_plan(const ImportedModel& model, const Plan& plan,
                                    const Target& target, const BuildOptions& options);

}  // namespace tessera
