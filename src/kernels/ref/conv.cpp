#include <array>

#include "kernels/ref/reference_kernels.h"
#include "kernels/ref/time_tile.h"

namespace tessera::reference {
namespace {

// accumulators[i] += weight * src[(begin + i)*stride + offset] wherever that lies in [0, frames).
void accumulate_tap(double* accumulators, int64_t begin, int64_t count, double weight,
                    const float* src, int64_t frames, int64_t stride, int64_t offset) {
  const int64_t first = std::max<int64_t>(0, ceil_div(-offset, stride) - begin);
  const int64_t last = std::min(count - 1, floor_div(frames - 1 - offset, stride) - begin);
  if (first > last) return;
  const float* from = src + (begin + first) * stride + offset;
  double* to = accumulators + first;
  const int64_t steps = last - first + 1;
  if (stride == 1) {
    for (int64_t i = 0; i < steps; ++i) to[i] += weight * static_cast<double>(from[i]);
  } else {
    for (int64_t i = 0; i < steps; ++i) to[i] += weight * static_cast<double>(from[i * stride]);
  }
}

}  // namespace

// out[o,y,t] = bias[o] + sum over c,i,j of
//   weight[o,c,i,j] * src[c of o's group, y*stride + i*dilation - top, t*stride + j*dilation -
//   left]
void conv(const Conv& op, const Source& src, const Target& dst) {
  const int64_t channels = op.weight.dim(1);  // per group
  const int64_t kernel_h = op.weight.dim(2);
  const int64_t kernel_w = op.weight.dim(3);
  const int64_t outputs_per_group = dst.shape.c / op.groups;
  std::array<double, kTileFrames> accumulators;
  for (int64_t o = 0; o < dst.shape.c; ++o) {
    const int64_t first_channel = o / outputs_per_group * channels;
    const double bias = op.bias.empty() ? 0.0 : static_cast<double>(op.bias[o]);
    for (int64_t y = 0; y < dst.shape.h; ++y) {
      for_each_tile(dst.shape.w, [&](int64_t begin, int64_t count) {
        std::fill_n(accumulators.begin(), count, bias);
        for (int64_t c = 0; c < channels; ++c) {
          for (int64_t i = 0; i < kernel_h; ++i) {
            const int64_t row = y * op.stride.h + i * op.dilation.h - op.padding.top;
            if (row < 0 || row >= src.shape.h) continue;
            for (int64_t j = 0; j < kernel_w; ++j) {
              const auto weight = static_cast<double>(
                  op.weight[((o * channels + c) * kernel_h + i) * kernel_w + j]);
              accumulate_tap(accumulators.data(), begin, count, weight,
                             src.row(first_channel + c, row), src.shape.w, op.stride.w,
                             j * op.dilation.w - op.padding.left);
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
