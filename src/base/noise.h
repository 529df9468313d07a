// Noise that is the same on every machine: what verification plays where nobody gave a signal.
#pragma once

#include <cstdint>

namespace tessera {

// White and uniform in -1..1; a linear congruential generator with the constants of Numerical
// Recipes (Press et al., 2007, section 7.1).
class Noise {
 public:
  static constexpr uint32_t kSeed = 20261121;

  float next() {
    state_ = state_ * 1664525U + 1013904223U;
    return static_cast<float>(state_ >> 8) / static_cast<float>(1 << 23) - 1.0F;
  }

 private:
  uint32_t state_ = kSeed;
};

}  // namespace tessera
