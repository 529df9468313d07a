// What 'tessera separate' measures of itself.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/recording_options.h"
#include "pipeline/runtime_metrics.h"
#include "tessera/separator.h"

namespace tessera::cli {

struct MeasureOptions {
  std::string metrics;                  // the file; empty: none
  std::vector<std::string> references;  // true voices of the one recording
};

// --metrics and --reference
void add_measure_options(CommandLine& app, MeasureOptions& options);

// Errors: those of check_outputs(); kInvalidArgument for true voices of several recordings, or
// without a file to write.
Result<void> check_measuring(const MeasureOptions& options, const std::string& model,
                             size_t recordings, bool force);

// Adds a recording.
void measure(const Separation& separated, RuntimeMetrics& metrics);

// How much of the true voices there is in the separated ones, which have this rate. Errors: those
// of reading and of score_separation().
Result<void> score_voices(const MeasureOptions& options, const RecordingOptions& recordings,
                          int sample_rate, std::span<const std::vector<float>> voices,
                          RuntimeMetrics& metrics);

}  // namespace tessera::cli
