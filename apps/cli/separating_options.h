// Options of commands that separate recordings.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/command_line.h"
#include "cli/model_options.h"
#include "cli/recording_options.h"
#include "tessera/result.h"
#include "tessera/separator.h"

namespace tessera::cli {

struct SeparatingOptions {
  ModelOptions model;
  BackendChoice backend;
  RecordingOptions recordings;
  std::optional<int> sample_rate;  // of the network, where its file does not tell
  std::string window = "30";       // seconds, or "whole"
  int jobs = 1;                    // recordings at the same time
};

// All but MODEL: --backend and the others of devices, those of recordings, --sample-rate, --window,
// --jobs.
void add_separating_options(CommandLine& app, SeparatingOptions& options);

// With jobs, threads and memory are shared among them. Errors: kInvalidArgument naming the option.
Result<SeparatorOptions> separator_options(const SeparatingOptions& options);

}  // namespace tessera::cli
