// The calibration of a case: a file in one of the layouts that people write, or seeded noise.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sweep/parameters.h"
#include "tessera/compiler/op.h"
#include "tessera/result.h"

namespace tessera {

// Samples one after the other, each [C, W].
struct CaseCalibration {
  std::string source;  // for the summary: the file as the definition names it, "seeded:1x16000"
  int64_t samples = 0;
  int64_t channels = 0;
  int64_t frames = 0;
  std::vector<float> values;
  std::string hash;                // of values and shape
  std::vector<std::string> notes;  // what the length policy did
};

// nullopt where the case says nothing of calibration. NPZ (key "calib_data", else the first array)
// or NPY: (N, T), (N, 1, T), (N, 1, 1, T) have one channel, (N, 1, T, C) more. Errors: those of
// reading; kCorrupt for another layout, and for values that are not finite.
Result<std::optional<CaseCalibration>> read_case_calibration(const Parameters& parameters,
                                                             const std::filesystem::path& folder);

// Fitted to what the network takes, by "length_policy": pad (zeros behind, the default), repeat,
// crop (shorter ones are an error), error. Longer ones lose their end, but under "error". Each
// change is a note. Errors: kMismatch for another number of channels, whatever the policy; for
// another length where the policy does not allow it.
Result<CaseCalibration> fitted(CaseCalibration calibration, const Shape& input,
                               const std::string& policy);

}  // namespace tessera
