// Latents one after the other, as a network gives them for windows that slide over a recording.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tessera {

struct LatentSeries {
  int64_t dimensions = 0;     // values of a latent
  std::vector<float> values;  // [count, dimensions]

  int64_t count() const {
    return dimensions == 0 ? 0 : static_cast<int64_t>(values.size()) / dimensions;
  }
  std::span<const float> latent(int64_t i) const {
    return std::span(values).subspan(static_cast<size_t>(i * dimensions),
                                     static_cast<size_t>(dimensions));
  }
};

// A dimension whose deviation is less than this share of the largest value in it is constant: what
// is left is rounding.
inline constexpr double kConstantShare = 1e-7;

}  // namespace tessera
