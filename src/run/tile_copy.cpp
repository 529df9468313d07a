#include "run/tile_copy.h"

#include <algorithm>

namespace tessera {

void gather_tile(ConstValues value, const Shape& shape, int64_t begin, int64_t frames,
                 Layout layout, int64_t stripe, int64_t stripes, Values dst) {
  const int64_t step = layout == Layout::stripes ? stripes : 1;
  const int64_t offset = layout == Layout::stripes ? stripe : 0;
  const int64_t inside_begin = std::clamp<int64_t>(-begin, 0, frames);
  const int64_t inside_end = std::clamp<int64_t>(shape.w - begin, inside_begin, frames);
  for (int64_t row = 0; row < shape.c * shape.h; ++row) {
    const float* from = value.data() + row * shape.w + begin;
    float* to = dst.data() + row * frames * step + offset;
    for (int64_t t = 0; t < inside_begin; ++t) to[t * step] = 0.0f;
    for (int64_t t = inside_begin; t < inside_end; ++t) to[t * step] = from[t];
    for (int64_t t = inside_end; t < frames; ++t) to[t * step] = 0.0f;
  }
}

void scatter_tile(ConstValues src, int64_t frames, Layout layout, int64_t stripe, int64_t stripes,
                  const Tile& tile, const Shape& shape, Values value) {
  const int64_t step = layout == Layout::stripes ? stripes : 1;
  const int64_t offset = layout == Layout::stripes ? stripe : 0;
  for (int64_t row = 0; row < shape.c * shape.h; ++row) {
    const float* from = src.data() + (row * frames + tile.skip_frames) * step + offset;
    float* to = value.data() + row * shape.w + tile.write_begin;
    for (int64_t t = 0; t < tile.write_frames; ++t) to[t] = from[t * step];
  }
}

}  // namespace tessera
