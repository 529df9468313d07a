// What files hold for a network's inputs: arrays, archives of them, recordings.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/recording_options.h"
#include "cli/window_options.h"
#include "run/window_run.h"
#include "tessera/backend.h"
#include "tessera/result.h"

namespace tessera::cli {

// Files in the order of the ports, from words FILE or NAME=FILE: a bare FILE stands for the only
// port. Empty where a port is not given. Errors: kInvalidArgument, subject = option.
Result<std::vector<std::string>> assign_files(const std::vector<std::string>& words,
                                              const std::vector<Port>& ports,
                                              const std::string& option);

// Arrays in the order of the model's inputs, from the words of --input: as assign_files() takes
// them, or one .npz with an array for each input; of sensors files of windows. Errors:
// kInvalidArgument for an input that is not given; those of reading.
Result<std::vector<WindowArray>> read_input_arrays(const std::vector<std::string>& words,
                                                   const ImportedModel& model,
                                                   const WindowChoice& windows, Console& console);

// One window of a network's inputs from one file: an array, an .npz with an array for each, or a
// recording or a file of sensor windows for a network of one. Of a stack of windows it is the
// first, which is noted. The model becomes the one of `at_length` where the file's length is
// another.
Result<std::vector<std::vector<float>>> read_network_inputs(
    const std::string& path, ImportedModel& model, const RecordingOptions& recordings,
    const ModelAtLength& at_length, const WindowChoice& windows, Console& console);

// The same: up to `most` windows, by window one vector for each input.
Result<std::vector<std::vector<std::vector<float>>>> read_network_windows(
    const std::string& path, ImportedModel& model, const RecordingOptions& recordings,
    const ModelAtLength& at_length, const WindowChoice& windows, int64_t most, Console& console);

}  // namespace tessera::cli
