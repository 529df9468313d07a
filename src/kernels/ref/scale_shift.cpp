#include "kernels/ref/reference_kernels.h"

namespace tessera::reference {

void scale_shift(const Source& x, const Source& ab, const Target& dst) {
  const bool per_frame = ab.shape.w == x.shape.w;
  for (int64_t c = 0; c < x.shape.c; ++c) {
    for (int64_t h = 0; h < x.shape.h; ++h) {
      const float* scale = ab.row(c, h);
      const float* shift = ab.row(x.shape.c + c, h);
      const float* in = x.row(c, h);
      float* out = dst.row(c, h);
      for (int64_t t = 0; t < x.shape.w; ++t) {
        const int64_t at = per_frame ? t : 0;
        out[t] = static_cast<float>(static_cast<double>(scale[at]) * static_cast<double>(in[t]) +
                                    static_cast<double>(shift[at]));
      }
    }
  }
}

}  // namespace tessera::reference
