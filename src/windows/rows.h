// How rows of sensors lie in a window.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tessera {

// [channels, devices, frames] out of `frames` rows, each with the channels of the first device,
// then those of the next. `rows` holds exactly as many values.
std::vector<float> window_from_rows(std::span<const float> rows, int64_t channels, int64_t devices,
                                    int64_t frames);

}  // namespace tessera
