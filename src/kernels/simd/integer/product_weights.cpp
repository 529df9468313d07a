#include <cstring>

#include "kernels/simd/integer/product.h"

namespace tessera::simd {

PackedWeights pack_product_weights(const ProductBlocking& blocking, const int8_t* weights,
                                   size_t out, size_t in) {
  const size_t steps = blocking.steps(in);
  const size_t entries = blocking.padded_out(out) * steps * blocking.group;
  PackedWeights packed(entries * blocking.weight_bytes);
  for (size_t o = 0; o < out; ++o) {
    for (size_t i = 0; i < in; ++i) {
      const size_t block = (o / blocking.rows * steps + i / blocking.group) * blocking.rows;
      const size_t entry = (block + o % blocking.rows) * blocking.group + i % blocking.group;
      const int8_t weight = weights[o * in + i];
      if (blocking.weight_bytes == 1) {
        packed[entry] = weight;
      } else {
        const int16_t wide = weight;
        std::memcpy(packed.data() + entry * sizeof(wide), &wide, sizeof(wide));
      }
    }
  }
  return packed;
}

}  // namespace tessera::simd
