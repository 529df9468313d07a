#include "kernels/ref/reference_kernels.h"

namespace tessera::reference {

void slice(const Slice& op, const Source& src, const Target& dst) {
  // Where the result's element i lies in the source, along the sliced axis and the others.
  const auto from = [&op](Axis axis, int64_t i) {
    return axis == op.axis ? op.begin + i * op.step : i;
  };
  for (int64_t c = 0; c < dst.shape.c; ++c) {
    for (int64_t h = 0; h < dst.shape.h; ++h) {
      const float* in = src.row(from(Axis::c, c), from(Axis::h, h));
      float* out = dst.row(c, h);
      for (int64_t w = 0; w < dst.shape.w; ++w) out[w] = in[from(Axis::w, w)];
    }
  }
}

}  // namespace tessera::reference
