// Moves frames between whole-sequence values [C, H, W] and the inputs and outputs of pieces.
#pragma once

#include "tessera/backend.h"
#include "tessera/plan.h"

namespace tessera {

// Where one tile of a call lies in its piece's values.
struct TileSlot {
  Tiling tiling;
  int64_t stripe = 0;  // 0 .. tiling.stripes - 1
};

// Fills the slot of a piece's input from `frames` frames of `value`: number `begin` and the next
// ones of phase `phase`; frames outside the sequence become zero. Row layout (one stripe, H as in
// the value): dst [C, H, frames]. Stripes: dst [C, frames, stripes].
void gather_tile(ConstValues value, const Shape& shape, int64_t phase, int64_t begin,
                 int64_t frames, const TileSlot& slot, Values dst);

// Writes a tile's new frames from a piece's output of `frames` frames into the value.
void scatter_tile(ConstValues src, int64_t frames, const TileSlot& slot, const Tile& tile,
                  const Shape& shape, Values value);

}  // namespace tessera
