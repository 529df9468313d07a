#include <algorithm>

#include "kernels/ref/reference_kernels.h"
#include "kernels/ref/time_tile.h"

namespace tessera::reference {

// Sample s is the sum over the frames t with 0 <= s - t*stride < kernel.
void overlap_add(const OverlapAdd& op, const Source& src, const Target& dst) {
  for (int64_t o = 0; o < dst.shape.c; ++o) {
    for (int64_t h = 0; h < dst.shape.h; ++h) {
      float* out = dst.row(o, h);
      for (int64_t s = 0; s < dst.shape.w; ++s) {
        const int64_t first = std::max<int64_t>(0, ceil_div(s - op.kernel + 1, op.stride));
        const int64_t last = std::min(src.shape.w - 1, s / op.stride);
        double sum = 0;
        for (int64_t t = first; t <= last; ++t) {
          const int64_t tap = s - t * op.stride;
          sum += static_cast<double>(src.row(tap * dst.shape.c + o, h)[t]);
        }
        out[s] = static_cast<float>(sum);
      }
    }
  }
}

}  // namespace tessera::reference
