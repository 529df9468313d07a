// Windows of a file as an array for a network's input.
#pragma once

#include <string>

#include "graph/window_batch.h"
#include "tessera/result.h"
#include "tessera/sensor_windows.h"

namespace tessera {

// A stack of the windows, each laid out as `input` says, at the windows' frames. `set` has the
// input's channels and devices. Errors: kInvalidArgument where the model's file divides its time
// axis and the windows have other frames.
Result<WindowArray> window_array(std::string source, const WindowSet& set, const IoLayout& input);

}  // namespace tessera
