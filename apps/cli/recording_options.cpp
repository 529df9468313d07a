#include "cli/recording_options.h"

namespace tessera::cli {

void add_recording_options(CommandLine& app, RecordingOptions& options) {
  app.add_option("--channel", options.channel,
                 "What to do with several channels that differ: refuse, mix, or the number of one "
                 "from 1")
      ->type_name("{refuse,mix,N}")
      ->capture_default_str();
  add_truncation_option(app, options.allow_truncated);
}

void add_truncation_option(CommandLine& app, bool& allow_truncated) {
  app.add_flag("--allow-truncated", allow_truncated,
               "Use what is there of recordings that are cut off, and tell what is missing");
}

}  // namespace tessera::cli
