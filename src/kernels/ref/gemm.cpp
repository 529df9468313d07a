#include "kernels/ref/reference_kernels.h"

namespace tessera::reference {

void gemm(const Gemm& op, const Source& src, const Target& dst) {
  for (int64_t o = 0; o < dst.shape.c; ++o) {
    for (int64_t h = 0; h < dst.shape.h; ++h) {
      double sum = op.bias.empty() ? 0.0 : static_cast<double>(op.bias[o]);
      for (int64_t c = 0; c < src.shape.c; ++c) {
        sum += static_cast<double>(op.weight[o * src.shape.c + c]) *
               static_cast<double>(*src.row(c, h));
      }
      *dst.row(o, h) = static_cast<float>(sum);
    }
  }
}

}  // namespace tessera::reference
