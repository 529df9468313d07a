// What a rewritten network is measured and frozen on: recordings or arrays, and the numbers from
// them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/recording_options.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/rewrite.h"

namespace tessera::cli {

// Values for the network's only input: a recording (one channel, brought to `sample_rate` where
// that is known) or a .npy file. Errors: those of reading; kInvalidArgument where it does not fit.
Result<std::vector<float>> read_signal(const std::string& path, const ImportedModel& model,
                                       const RecordingOptions& options, Console& console);

// Output SNR in dB of a rewritten graph over the original, both evaluated on `signal`. Where only
// one source is left it is compared with the original's `source`.
CostMeter cost_meter(Backend& backend, std::vector<float> signal, int64_t source);

// Constants for every norm that may be frozen, over all files together, by the names of the norms.
Result<std::map<std::string, NormConstants>> calibrate_norms(const ImportedModel& model,
                                                             const std::vector<std::string>& files,
                                                             const RecordingOptions& options,
                                                             Backend& backend, Console& console);

}  // namespace tessera::cli
