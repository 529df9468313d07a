#include "run/tile_copy.h"

#include <algorithm>

#include "plan/phases.h"

namespace tessera {
namespace {

int64_t step_of(const TileSlot& slot) {
  return slot.tiling.layout == Layout::stripes ? slot.tiling.stripes : 1;
}

}  // namespace

void gather_tile(ConstValues value, const Shape& shape, int64_t phase, int64_t begin,
                 int64_t frames, const TileSlot& slot, Values dst) {
  const int64_t step = step_of(slot);
  const int64_t apart = slot.tiling.phases;
  const int64_t available = phase_frames(shape.w, apart, phase);
  const int64_t inside_begin = std::clamp<int64_t>(-begin, 0, frames);
  const int64_t inside_end = std::clamp<int64_t>(available - begin, inside_begin, frames);
  for (int64_t row = 0; row < shape.c * shape.h; ++row) {
    const float* from = value.data() + row * shape.w;
    float* to = dst.data() + row * frames * step + slot.stripe;
    for (int64_t t = 0; t < inside_begin; ++t) to[t * step] = 0.0f;
    for (int64_t t = inside_begin; t < inside_end; ++t) {
      to[t * step] = from[phase + (begin + t) * apart];
    }
    for (int64_t t = inside_end; t < frames; ++t) to[t * step] = 0.0f;
  }
}

void scatter_tile(ConstValues src, int64_t frames, const TileSlot& slot, const Tile& tile,
                  const Shape& shape, Values value) {
  const int64_t step = step_of(slot);
  const int64_t apart = slot.tiling.phases;
  for (int64_t row = 0; row < shape.c * shape.h; ++row) {
    const float* from = src.data() + (row * frames + tile.skip_frames) * step + slot.stripe;
    float* to = value.data() + row * shape.w + tile.phase + tile.write_begin * apart;
    for (int64_t t = 0; t < tile.write_frames; ++t) to[t * apart] = from[t * step];
  }
}

}  // namespace tessera
