// Which input frames an op needs for given output frames: the one place that knows halos.
#pragma once

#include <cstdint>

#include "tessera/compiler/op.h"

namespace tessera {

// Frames begin..end-1 along W; may reach outside a sequence, where padding stands.
struct FrameRange {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t frames() const { return end - begin; }
  friend bool operator==(const FrameRange&, const FrameRange&) = default;
};

FrameRange hull(FrameRange a, FrameRange b);
FrameRange clip(FrameRange range, int64_t frames);  // to 0..frames

// True when an output frame needs only a bounded neighbourhood of input frames. Ops that look at
// the whole sequence are false: they are barriers between tiles.
bool is_tileable(const Op& op);

// Frames of operand `index` (of `operand` shape) needed for frames `out` of the result, before
// clipping. Requires is_tileable(op).
FrameRange operand_window(const Op& op, size_t index, const Shape& operand, const Shape& result,
                          FrameRange out);

// The op as it stands in a tile that computes frames `out` from operand frames `in` (clipped) where
// `wanted` were needed: what lies outside becomes padding of the op itself. Its result begins
// `skip` frames before `out` (reflections only).
struct TileOp {
  Op op;
  int64_t skip = 0;
};
TileOp tile_op(const Op& op, FrameRange wanted, FrameRange in, FrameRange out);

// True when the zeros outside the sequence that this op needs may come with the input instead: a
// convolution with zero padding.
bool takes_zeros_from_input(const Op& op);

}  // namespace tessera
