#include "backends/cpu/steps/movement.h"

#include <algorithm>

namespace tessera::cpu {

void ChannelStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  float* row = context.tile_of(dst);
  for (const Part& part : parts) {
    const float* const src = context.tile_of(part.src);
    for (size_t c = 0; c < part.count; ++c) {
      row = std::copy_n(src + (part.first + c * part.step) * frames, frames, row);
    }
  }
}

void WindowStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  float* const tile = context.tile_of(dst);
  std::fill_n(tile, channels * frames, 0.0f);
  const auto plane = static_cast<ptrdiff_t>(context.plane);
  const auto first = static_cast<ptrdiff_t>(context.tile * frames);
  for (const Part& part : parts) {
    if (plane < part.h || plane >= part.h + static_cast<ptrdiff_t>(part.h_count)) continue;
    const ptrdiff_t h = part.h0 + (plane - part.h) * static_cast<ptrdiff_t>(part.dh);
    const bool row_exists = h >= 0 && h < static_cast<ptrdiff_t>(part.src_domain.planes);
    if (!row_exists && part.border == simd::Border::kZero) continue;
    const float* const src =
        context.plane_of(part.src, simd::padded_frame(h, part.src_domain.planes, part.border));
    const size_t tile_floats = context.places[part.src].tile_floats;
    const ptrdiff_t begin = std::max<ptrdiff_t>(first, part.t);
    const ptrdiff_t end = std::min(first + static_cast<ptrdiff_t>(context.valid_frames),
                                   part.t + static_cast<ptrdiff_t>(part.t_count));
    for (ptrdiff_t t = begin; t < end; ++t) {
      const ptrdiff_t f = part.t0 + (t - part.t) * static_cast<ptrdiff_t>(part.dt);
      const bool exists = f >= 0 && f < static_cast<ptrdiff_t>(part.src_domain.frames);
      if (!exists && part.border == simd::Border::kZero) continue;
      const size_t from = simd::padded_frame(f, part.src_domain.frames, part.border);
      const float* value = src + from / frames * tile_floats + from % frames;
      float* to = tile + (t - first);
      for (size_t c = 0; c < channels; ++c, value += frames, to += frames) *to = *value;
    }
  }
}

void OverlapAddStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  const size_t tile_floats = context.places[src].tile_floats;
  float* row = context.tile_of(dst);
  for (size_t o = 0; o < channels; ++o, row += frames) {
    std::fill_n(row, frames, bias.data() != nullptr ? bias.data()[o] : 0.0f);
    for (size_t kh = 0; kh < kernel_h; ++kh) {
      const ptrdiff_t h = static_cast<ptrdiff_t>(context.plane) + crop_top -
                          static_cast<ptrdiff_t>(kh * dilation_h);
      if (h < 0 || h % static_cast<ptrdiff_t>(stride_h) != 0) continue;
      const size_t ih = static_cast<size_t>(h) / stride_h;
      if (ih >= src_domain.planes) continue;
      const float* const plane = context.plane_of(src, ih);
      for (size_t kw = 0; kw < kernel_w; ++kw) {
        const float* const taps = plane + ((o * kernel_h + kh) * kernel_w + kw) * frames;
        // Output frames t = it*stride_w + offset.
        const ptrdiff_t offset = static_cast<ptrdiff_t>(kw * dilation_w) - crop_left;
        const auto stride = static_cast<ptrdiff_t>(stride_w);
        const auto first = static_cast<ptrdiff_t>(context.tile * frames);
        ptrdiff_t it = std::max<ptrdiff_t>(0, (first - offset + stride - 1) / stride);
        if (first - offset < 0) it = 0;
        for (; it < static_cast<ptrdiff_t>(src_domain.frames); ++it) {
          const ptrdiff_t t = it * stride + offset - first;
          if (t < 0) continue;
          if (t >= static_cast<ptrdiff_t>(context.valid_frames)) break;
          const auto from = static_cast<size_t>(it);
          row[t] += taps[from / frames * tile_floats + from % frames];
        }
      }
    }
  }
}

}  // namespace tessera::cpu
