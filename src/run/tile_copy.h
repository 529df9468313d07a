// Moves frames between whole-sequence values [C, H, W] and the inputs and outputs of pieces.
#pragma once

#include <span>

#include "tessera/backend.h"
#include "tessera/compiler/plan.h"

namespace tessera {

// Fills input `input` of a piece from a value: of every tile of a call `frames` frames from
// read_begin on; frames outside the sequence become zero. Row layout (one tile, H as in the value):
// dst [C, H, frames]. Stripes: dst [C, frames, stripes], a tile per stripe.
void gather_tiles(ConstValues value, const Shape& shape, const Tiling& tiling,
                  std::span<const Tile> tiles, size_t input, int64_t frames, Values dst);

// Writes the tiles' new frames from a piece's output of `frames` frames into the value.
void scatter_tiles(ConstValues src, int64_t frames, const Tiling& tiling,
                   std::span<const Tile> tiles, const Shape& shape, Values value);

}  // namespace tessera
