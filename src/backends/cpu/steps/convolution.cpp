#include "backends/cpu/steps/convolution.h"

#include <algorithm>

namespace tessera::cpu {
namespace {

simd::PointwiseArgs arguments(const TileContext& context, const PackedWeights& packed,
                              const Epilogue& epilogue, size_t first_channel) {
  const size_t offset = first_channel * context.kernels.tile_frames;
  simd::PointwiseArgs args;
  args.weights = packed.weights.data();
  args.bias = packed.bias.data();
  if (epilogue.residual != kNoValue) args.residual = context.tile_of(epilogue.residual) + offset;
  args.in = packed.in;
  args.in_step = packed.in_step;
  args.out = packed.out;
  args.activation = epilogue.activation;
  if (epilogue.activation == simd::Activation::kPrelu) {
    args.slopes = epilogue.slopes.data() + first_channel;
  }
  args.statistics = epilogue.statistics.kind;
  args.valid_frames = context.valid_frames;
  return args;
}

// Copies frames [frame, frame + count) of one row into dst, zeros where they do not exist.
void copy_frames(const float* row, size_t tile_floats, size_t tile_frames, ptrdiff_t frame,
                 size_t src_frames, size_t count, float* dst) {
  const auto end = static_cast<ptrdiff_t>(src_frames);
  const auto last = frame + static_cast<ptrdiff_t>(count);
  const ptrdiff_t from = std::clamp<ptrdiff_t>(frame, 0, end);
  const ptrdiff_t to = std::clamp<ptrdiff_t>(last, 0, end);
  if (from >= to) {
    std::fill_n(dst, count, 0.0f);
    return;
  }
  dst = std::fill_n(dst, from - frame, 0.0f);
  for (auto f = static_cast<size_t>(from); f < static_cast<size_t>(to);) {
    const size_t within = f % tile_frames;
    const size_t run = std::min(tile_frames - within, static_cast<size_t>(to) - f);
    dst = std::copy_n(row + f / tile_frames * tile_floats + within, run, dst);
    f += run;
  }
  std::fill_n(dst, last - to, 0.0f);
}

}  // namespace

PackedWeights pack(const simd::Kernels& kernels, const float* weights, const float* gain,
                   const float* bias, size_t out, size_t in) {
  const size_t padded = kernels.blocking.padded(out);
  PackedWeights packed{.weights = simd::AlignedBuffer(padded * in),
                       .bias = {},
                       .out = out,
                       .in = in,
                       .in_step = kernels.blocking.in_step(in)};
  if (packed.weights.data() == nullptr) throw std::bad_alloc();
  simd::pack_pointwise(kernels.blocking, weights, gain, out, in, packed.weights.data());
  if (bias != nullptr) {
    packed.bias = simd::AlignedBuffer(padded);
    if (packed.bias.data() == nullptr) throw std::bad_alloc();
    std::copy_n(bias, out, packed.bias.data());
  }
  return packed;
}

void PointwiseStep::run(const TileContext& context) const {
  simd::PointwiseArgs args = arguments(context, packed, epilogue, 0);
  args.src = context.tile_of(src);
  args.dst = context.tile_of(dst);
  args.sums = epilogue.statistics.fresh(context);
  args.ahead = context.ahead;
  context.kernels.pointwise(args);
}

bool PointwiseStep::take_statistics(simd::Statistics kind, ValueId sums) {
  return epilogue.take(kind, sums, packed.out, tiles, tile_frames);
}

void ConvStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  float* const rows = context.tile_of(window);
  const simd::Sums sums = epilogue.statistics.fresh(context);
  const bool per_channel = epilogue.statistics.kind == simd::Statistics::kPerChannel;
  size_t in_channel = 0;
  size_t out_channel = 0;
  for (const PackedWeights& group : packed) {
    const size_t channels = group.in / (kernel_h * kernel_w);
    gather(context, in_channel, channels, rows);
    simd::PointwiseArgs args = arguments(context, group, epilogue, out_channel);
    args.src = rows;
    args.dst = context.tile_of(dst) + out_channel * frames;
    args.sums = per_channel ? simd::Sums{sums.sum + out_channel, sums.square + out_channel} : sums;
    context.kernels.pointwise(args);
    in_channel += channels;
    out_channel += group.out;
  }
}

bool ConvStep::take_statistics(simd::Statistics kind, ValueId sums) {
  return epilogue.take(kind, sums, packed.size() * packed[0].out, tiles, tile_frames);
}

size_t ConvStep::work() const {
  return packed.size() * packed[0].in * packed[0].out * tile_frames;
}

void ConvStep::gather(const TileContext& context, size_t first, size_t channels,
                      float* rows) const {
  const size_t frames = context.kernels.tile_frames;
  const size_t tile_floats = context.places[src].tile_floats;
  const auto out_frame = static_cast<ptrdiff_t>(context.tile * frames * stride_w);
  for (size_t c = first; c < first + channels; ++c) {
    for (size_t kh = 0; kh < kernel_h; ++kh) {
      const ptrdiff_t plane =
          static_cast<ptrdiff_t>(context.plane * stride_h + kh * dilation_h) - pad_top;
      const bool exists = plane >= 0 && plane < static_cast<ptrdiff_t>(src_domain.planes);
      const float* const row =
          exists ? context.plane_of(src, static_cast<size_t>(plane)) + c * frames : nullptr;
      for (size_t kw = 0; kw < kernel_w; ++kw, rows += frames) {
        const ptrdiff_t frame = out_frame + static_cast<ptrdiff_t>(kw * dilation_w) - pad_left;
        if (!exists) {
          std::fill_n(rows, frames, 0.0f);
        } else if (stride_w == 1 && border == simd::Border::kZero) {
          copy_frames(row, tile_floats, frames, frame, src_domain.frames, frames, rows);
        } else {
          for (size_t t = 0; t < frames; ++t) {
            const ptrdiff_t f = frame + static_cast<ptrdiff_t>(t * stride_w);
            const bool inside = f >= 0 && f < static_cast<ptrdiff_t>(src_domain.frames);
            if (!inside && border == simd::Border::kZero) {
              rows[t] = 0.0f;
              continue;
            }
            const size_t from = simd::padded_frame(f, src_domain.frames, border);
            rows[t] = row[from / frames * tile_floats + from % frames];
          }
        }
      }
    }
  }
}

}  // namespace tessera::cpu
