#include <array>

#include "kernels/ref/integer_kernels.h"
#include "kernels/ref/tflite/kernels.h"
#include "kernels/ref/time_tile.h"

namespace tessera::integer {
namespace {

using reference::ceil_div;
using reference::floor_div;
using reference::kTileFrames;

using Accumulators = std::array<int32_t, kTileFrames>;

// accumulators[i] += weight * (src[(begin + i)*stride + offset] - zero) where that lies in
// [0, frames): outside, the value is 0 and its code the zero point.
template <typename Code>
void accumulate_tap(Accumulators& accumulators, int64_t begin, int64_t count, int32_t weight,
                    int32_t zero, const Code* src, int64_t frames, int64_t stride, int64_t offset) {
  const int64_t first = std::max<int64_t>(0, ceil_div(-offset, stride) - begin);
  const int64_t last = std::min(count - 1, floor_div(frames - 1 - offset, stride) - begin);
  if (first > last || weight == 0) return;
  const Code* from = src + (begin + first) * stride + offset;
  int32_t* to = accumulators.data() + first;
  for (int64_t i = 0; i <= last - first; ++i) to[i] += weight * (from[i * stride] - zero);
}

// bias[o] + sum of weight * (q - zero point) for output channel o, row y, frames begin.. .
template <typename Code>
void accumulate(const ConvOperands<Code>& in, int64_t o, int64_t outputs_per_group, int64_t y,
                int64_t begin, int64_t count, Accumulators& accumulators) {
  const int64_t channels = in.weights.dims[1];  // per group
  const int64_t kernel_h = in.weights.dims.size() > 2 ? in.weights.dims[2] : 1;
  const int64_t kernel_w = in.weights.dims.size() > 3 ? in.weights.dims[3] : 1;
  std::fill_n(accumulators.begin(), count, in.weights.bias[static_cast<size_t>(o)]);
  for (int64_t c = 0; c < channels; ++c) {
    const int64_t channel = o / outputs_per_group * channels + c;
    for (int64_t i = 0; i < kernel_h; ++i) {
      const int64_t row = y * in.op.stride.h + i * in.op.dilation.h - in.op.padding.top;
      if (row < 0 || row >= in.src.shape.h) continue;
      for (int64_t j = 0; j < kernel_w; ++j) {
        const auto at = static_cast<size_t>(((o * channels + c) * kernel_h + i) * kernel_w + j);
        accumulate_tap(accumulators, begin, count, in.weights.values[at],
                       in.coding.zero_point[static_cast<size_t>(channel)], in.src.row(channel, row),
                       in.src.shape.w, in.op.stride.w, j * in.op.dilation.w - in.op.padding.left);
      }
    }
  }
}

// Calls store(o, y, begin, count, accumulators) for every stretch of every output row.
template <typename Code, typename Store>
void for_each_stretch(const ConvOperands<Code>& in, const Shape& result, Store&& store) {
  Accumulators accumulators;
  for (int64_t o = 0; o < result.c; ++o) {
    for (int64_t y = 0; y < result.h; ++y) {
      reference::for_each_tile(result.w, [&](int64_t begin, int64_t count) {
        accumulate(in, o, result.c / in.op.groups, y, begin, count, accumulators);
        store(o, y, begin, count, accumulators);
      });
    }
  }
}

}  // namespace

template <typename Code>
void conv(const ConvOperands<Code>& operands, const Target& dst) {
  for_each_stretch(operands, dst.shape,
                   [&](int64_t o, int64_t y, int64_t begin, int64_t count, const auto& acc) {
                     const float scale = operands.weights.scale[static_cast<size_t>(o)];
                     float* out = dst.row(o, y) + begin;
                     for (int64_t i = 0; i < count; ++i)
                       out[i] = static_cast<float>(acc[static_cast<size_t>(i)]) * scale;
                   });
}

template <typename Code, typename Result>
void conv(const ConvOperands<Code>& operands, const Coding& result, const CodeTarget<Result>& dst) {
  for_each_stretch(
      operands, dst.shape,
      [&](int64_t o, int64_t y, int64_t begin, int64_t count, const auto& acc) {
        const auto channel = static_cast<size_t>(o);
        const float multiplier = operands.weights.scale[channel] / result.scale[channel];
        Result* out = dst.row(o, y) + begin;
        for (int64_t i = 0; i < count; ++i) {
          const float steps = static_cast<float>(acc[static_cast<size_t>(i)]) * multiplier;
          out[i] = static_cast<Result>(
              code_of(steps, result.zero_point[channel], result.lowest, result.highest));
        }
      });
}

namespace tflite {

template <typename Code>
void conv_codes(const ConvOperands<Code>& operands, std::span<const Multiplier> multipliers,
                const Coding& result, bool relu, const CodeTarget<Code>& dst) {
  // Accumulators of 16-bit codes have 64 bits there; they stay within 32 by check_encodings().
  using Accumulator = std::conditional_t<std::is_same_v<Code, Code16>, int64_t, int32_t>;
  const int32_t zero = result.zero_point[0];
  const int64_t lowest = relu ? zero : result.lowest;
  for_each_stretch(operands, dst.shape,
                   [&](int64_t o, int64_t y, int64_t begin, int64_t count, const auto& acc) {
                     const Multiplier m = multipliers[static_cast<size_t>(o)];
                     Code* out = dst.row(o, y) + begin;
                     for (int64_t i = 0; i < count; ++i) {
                       const int64_t code =
                           int64_t{multiply(Accumulator{acc[static_cast<size_t>(i)]}, m)} + zero;
                       out[i] =
                           static_cast<Code>(std::clamp<int64_t>(code, lowest, result.highest));
                     }
                   });
}

template void conv_codes(const ConvOperands<Code8>&, std::span<const Multiplier>, const Coding&,
                         bool, const CodeTarget<Code8>&);
template void conv_codes(const ConvOperands<Code16>&, std::span<const Multiplier>, const Coding&,
                         bool, const CodeTarget<Code16>&);

}  // namespace tflite

template void conv(const ConvOperands<Code8>&, const Target&);
template void conv(const ConvOperands<Code16>&, const Target&);
template void conv(const ConvOperands<Code8>&, const Coding&, const CodeTarget<Code8>&);
template void conv(const ConvOperands<Code8>&, const Coding&, const CodeTarget<Code16>&);
template void conv(const ConvOperands<Code16>&, const Coding&, const CodeTarget<Code8>&);
template void conv(const ConvOperands<Code16>&, const Coding&, const CodeTarget<Code16>&);

}  // namespace tessera::integer
