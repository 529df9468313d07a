#include <array>

#include "kernels/ref/reference_kernels.h"
#include "kernels/ref/time_tile.h"

namespace tessera::reference {
namespace {

// Spreads src: frame s lands on output frame s*stride + offset; those inside the tile are added.
void scatter_tap(double* accumulators, int64_t begin, int64_t count, double weight,
                 const float* src, int64_t frames, int64_t stride, int64_t offset) {
  const int64_t first = std::max<int64_t>(0, ceil_div(begin - offset, stride));
  const int64_t last = std::min(frames - 1, floor_div(begin + count - 1 - offset, stride));
  for (int64_t s = first; s <= last; ++s)
    accumulators[s * stride + offset - begin] += weight * static_cast<double>(src[s]);
}

}  // namespace

// Every src[c,y,t] adds weight[c,o,i,j]*src[c,y,t] to
//   out[o, y*stride + i*dilation - top, t*stride + j*dilation - left], cropped to the result.
void conv_transpose(const ConvTranspose& op, const Source& src, const Target& dst) {
  const int64_t outputs = op.weight.dim(1);  // per group
  const int64_t kernel_h = op.weight.dim(2);
  const int64_t kernel_w = op.weight.dim(3);
  const int64_t channels = src.shape.c / op.groups;  // per group
  std::array<double, kTileFrames> accumulators;
  for (int64_t o = 0; o < dst.shape.c; ++o) {
    const int64_t group = o / outputs;
    const double bias = op.bias.empty() ? 0.0 : static_cast<double>(op.bias[o]);
    for (int64_t y = 0; y < dst.shape.h; ++y) {
      for_each_tile(dst.shape.w, [&](int64_t begin, int64_t count) {
        std::fill_n(accumulators.begin(), count, bias);
        for (int64_t c = group * channels; c < (group + 1) * channels; ++c) {
          for (int64_t i = 0; i < kernel_h; ++i) {
            const int64_t spread = y + op.crop.top - i * op.dilation.h;
            if (spread < 0 || spread % op.stride.h != 0) continue;
            const int64_t row = spread / op.stride.h;
            if (row >= src.shape.h) continue;
            for (int64_t j = 0; j < kernel_w; ++j) {
              const int64_t at = ((c * outputs + o % outputs) * kernel_h + i) * kernel_w + j;
              scatter_tap(accumulators.data(), begin, count, static_cast<double>(op.weight[at]),
                          src.row(c, row), src.shape.w, op.stride.w,
                          j * op.dilation.w - op.crop.left);
            }
          }
        }
        float* out = dst.row(o, y) + begin;
        for (int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(accumulators[i]);
      });
    }
  }
}

}  // namespace tessera::reference
