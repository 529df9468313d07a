#include "kernels/ref/reference_kernels.h"

namespace tessera::reference {

void affine(const Affine& op, const Source& src, const Target& dst) {
  const int64_t row_elements = src.shape.h * src.shape.w;
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const auto scale = static_cast<double>(op.scale[c]);
    const auto bias = static_cast<double>(op.bias[c]);
    const float* in = src.row(c, 0);
    float* out = dst.row(c, 0);
    for (int64_t i = 0; i < row_elements; ++i)
      out[i] = static_cast<float>(scale * static_cast<double>(in[i]) + bias);
  }
}

}  // namespace tessera::reference
