// Options of every command that takes recordings.
#pragma once

#include <string>

#include "cli/command_line.h"
#include "tessera/audio.h"

namespace tessera::cli {

struct RecordingOptions {
  std::string channel = "refuse";  // as parse_channel_policy() takes it
  bool allow_truncated = false;
  std::string raw;  // FORMAT:HZ[:CHANNELS]; empty: files with headers

  // Errors: kInvalidArgument for `raw`.
  Result<AudioReadOptions> reading() const;
};

// --channel and --allow-truncated
void add_recording_options(CommandLine& app, RecordingOptions& options);
// --raw, for commands that take samples without a header.
void add_raw_option(CommandLine& app, RecordingOptions& options);
// --allow-truncated alone, where all channels are mixed.
void add_truncation_option(CommandLine& app, bool& allow_truncated);

}  // namespace tessera::cli
