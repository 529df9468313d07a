// A stretch of frames whose float64 accumulators lie on the stack: time runs innermost, so that the
// compiler vectorises plain loops, and nothing is allocated.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tessera::reference {

inline constexpr int64_t kTileFrames = 512;

// Calls body(begin, count) for consecutive stretches of [0, frames).
template <typename Body>
void for_each_tile(int64_t frames, Body&& body) {
  for (int64_t begin = 0; begin < frames; begin += kTileFrames)
    body(begin, std::min(kTileFrames, frames - begin));
}

// floor and ceiling of a / b for b > 0 and any sign of a.
constexpr int64_t floor_div(int64_t a, int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}
constexpr int64_t ceil_div(int64_t a, int64_t b) {
  return -floor_div(-a, b);
}

}  // namespace tessera::reference
