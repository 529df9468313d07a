// What headers tell of recordings before any of them is worked on.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/recording_options.h"
#include "tessera/audio.h"
#include "tessera/result.h"

namespace tessera::cli {

// Opens a recording as it will be read and returns how many samples it has at `network_rate` (its
// own rate without one); -1 where its header does not tell. Of several channels as much is read as
// shows whether the policy allows them. Errors: those of reading it and of to_mono_input().
Result<int64_t> look_at_recording(const std::string& path, const RecordingOptions& options,
                                  std::optional<int> network_rate);

}  // namespace tessera::cli
