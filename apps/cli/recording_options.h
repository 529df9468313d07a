// Options of every command that takes recordings.
#pragma once

#include <string>

#include "cli/command_line.h"
#include "tessera/audio.h"

namespace tessera::cli {

struct RecordingOptions {
  std::string channel = "refuse";  // as parse_channel_policy() takes it
  bool allow_truncated = false;

  AudioReadOptions reading() const { return {.allow_truncated = allow_truncated}; }
};

// --channel and --allow-truncated
void add_recording_options(CommandLine& app, RecordingOptions& options);
// --allow-truncated alone, where all channels are mixed.
void add_truncation_option(CommandLine& app, bool& allow_truncated);

}  // namespace tessera::cli
