// The operand of a convolution as the rows of a matrix product.
#pragma once

#include <algorithm>

#include "kernels/ref/time_tile.h"
#include "tessera/compiler/op.h"

namespace tessera::emulator {

// Which elements a stretch of output frames reads.
struct Stretch {
  int64_t row = 0;    // of the output
  int64_t begin = 0;  // first output frame
  int64_t count = 0;
};

// to[i] = from[(begin + i)*stride + offset] inside [0, frames), `outside` elsewhere.
template <typename T>
void gather_frames(const T* from, int64_t frames, int64_t stride, int64_t offset,
                   const Stretch& stretch, T outside, T* to) {
  const auto limit = [&](int64_t frame) {
    return std::clamp<int64_t>(reference::ceil_div(frame - offset, stride) - stretch.begin, 0,
                               stretch.count);
  };
  const int64_t first = limit(0);
  const int64_t last = limit(frames);
  std::fill_n(to, first, outside);
  const T* in = from + (stretch.begin + first) * stride + offset;
  if (stride == 1) {
    if (last > first) std::copy_n(in, last - first, to + first);
  } else {
    for (int64_t i = first; i < last; ++i, in += stride) to[i] = *in;
  }
  std::fill(to + std::max(first, last), to + stretch.count, outside);
}

// Calls row(k, channel, source row or -1 outside, offset) for every weight k of an output channel
// of group `group`: dims are those of the weight, [out, in/groups, kh, kw].
template <typename Row>
void for_each_weight(const Conv& op, std::span<const int64_t> dims, int64_t group, int64_t row,
                     int64_t src_rows, const Row& visit) {
  const int64_t kernel_h = dims.size() > 2 ? dims[2] : 1;
  const int64_t kernel_w = dims.size() > 3 ? dims[3] : 1;
  int64_t k = 0;
  for (int64_t c = 0; c < dims[1]; ++c) {
    for (int64_t i = 0; i < kernel_h; ++i) {
      const int64_t from = row * op.stride.h + i * op.dilation.h - op.padding.top;
      const bool inside = from >= 0 && from < src_rows;
      for (int64_t j = 0; j < kernel_w; ++j, ++k) {
        visit(k, group * dims[1] + c, inside ? from : -1, j * op.dilation.w - op.padding.left);
      }
    }
  }
}

// Every output frame reads the same frame alone: rows of H follow each other.
inline bool reads_its_own_frame(const Conv& op, std::span<const int64_t> dims) {
  const bool one_tap = (dims.size() < 3 || dims[2] == 1) && (dims.size() < 4 || dims[3] == 1);
  return one_tap && op.stride == Extent{} && op.padding.none();
}

}  // namespace tessera::emulator
