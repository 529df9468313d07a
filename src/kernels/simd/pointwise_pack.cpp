#include <algorithm>

#include "kernels/simd/pointwise.h"

namespace tessera::simd {

void pack_pointwise(const PointwiseBlocking& blocking, const float* weights, const float* gain,
                    size_t out, size_t in, float* packed) {
  const size_t in_step = blocking.in_step(in);
  for (size_t first = 0; first < in; first += in_step) {
    const size_t end = std::min(first + in_step, in);
    for (size_t channel = 0; channel < out; channel += blocking.rows) {
      for (size_t i = first; i < end; ++i) {
        const float factor = gain != nullptr ? gain[i] : 1.0f;
        for (size_t o = channel; o < channel + blocking.rows; ++o) {
          *packed++ = o < out ? weights[o * in + i] * factor : 0.0f;
        }
      }
    }
  }
}

}  // namespace tessera::simd
