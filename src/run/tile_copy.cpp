#include "run/tile_copy.h"

#include <algorithm>

#include "plan/phases.h"

namespace tessera {
namespace {

// Elements from frame to frame in a piece's values.
int64_t step_of(const Tiling& tiling) {
  return tiling.layout == Layout::stripes ? tiling.stripes : 1;
}

// to[t*to_step] = from[t*from_step].
void copy_frames(const float* from, int64_t from_step, float* to, int64_t to_step, int64_t count) {
  if (from_step == 1 && to_step == 1) {
    std::copy_n(from, count, to);
    return;
  }
  for (int64_t t = 0; t < count; ++t) to[t * to_step] = from[t * from_step];
}

void zero_frames(float* to, int64_t to_step, int64_t count) {
  for (int64_t t = 0; t < count; ++t) to[t * to_step] = 0.0f;
}

}  // namespace

// Row by row, all stripes of one before the next: a row of a call stays in the first-level cache.
void gather_tiles(ConstValues value, const Shape& shape, const Tiling& tiling,
                  std::span<const Tile> tiles, size_t input, int64_t frames, Values dst) {
  const int64_t step = step_of(tiling);
  const int64_t apart = tiling.phases;
  for (int64_t row = 0; row < shape.c * shape.h; ++row) {
    const float* const from = value.data() + row * shape.w;
    for (size_t stripe = 0; stripe < tiles.size(); ++stripe) {
      const Tile& tile = tiles[stripe];
      const int64_t begin = tile.read_begin[input];
      // One frame is the same in every phase.
      const int64_t phase = shape.w == 1 ? 0 : tile.phase;
      const int64_t available = phase_frames(shape.w, apart, phase);
      const int64_t first = std::clamp<int64_t>(-begin, 0, frames);
      const int64_t last = std::clamp<int64_t>(available - begin, first, frames);
      float* const to = dst.data() + row * frames * step + static_cast<int64_t>(stripe);
      zero_frames(to, step, first);
      if (last > first) {
        copy_frames(from + phase + (begin + first) * apart, apart, to + first * step, step,
                    last - first);
      }
      zero_frames(to + last * step, step, frames - last);
    }
  }
}

void scatter_tiles(ConstValues src, int64_t frames, const Tiling& tiling,
                   std::span<const Tile> tiles, const Shape& shape, Values value) {
  const int64_t step = step_of(tiling);
  const int64_t apart = tiling.phases;
  for (int64_t row = 0; row < shape.c * shape.h; ++row) {
    for (size_t stripe = 0; stripe < tiles.size(); ++stripe) {
      const Tile& tile = tiles[stripe];
      const float* const from =
          src.data() + (row * frames + tile.skip_frames) * step + static_cast<int64_t>(stripe);
      float* const to = value.data() + row * shape.w + tile.phase + tile.write_begin * apart;
      copy_frames(from, step, to, apart, tile.write_frames);
    }
  }
}

}  // namespace tessera
