// Moves frames between whole-sequence values [C, H, W] and the inputs and outputs of pieces.
#pragma once

#include "tessera/backend.h"
#include "tessera/plan.h"

namespace tessera {

// Fills stripe `stripe` of a piece's input from `frames` frames of `value` beginning at `begin`;
// frames outside the sequence become zero. Row layout (stripes == 1, H as in the value): dst [C, H,
// frames]. Stripes: dst [C, frames, stripes].
void gather_tile(ConstValues value, const Shape& shape, int64_t begin, int64_t frames,
                 Layout layout, int64_t stripe, int64_t stripes, Values dst);

// Writes a tile's new frames from a piece's output of `frames` frames into the value.
void scatter_tile(ConstValues src, int64_t frames, Layout layout, int64_t stripe, int64_t stripes,
                  const Tile& tile, const Shape& shape, Values value);

}  // namespace tessera
