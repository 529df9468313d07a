#include "kernels/simd/depthwise.h"

#include <algorithm>

#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/depthwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {
namespace {

// Where the frames of a tap lie that are all inside the sequence, relative to the channel's row in
// tile 0: vectors below `joint` in one tile, those above in the next, the joint itself in both.
struct Tap {
  HWY_INLINE Tap() {}

  ptrdiff_t before = 0;
  ptrdiff_t after = 0;
  size_t joint = kVectorsPerTile;  // none: one tile has them all
  LaneMask from_after;             // lanes of the joint
};

HWY_INLINE Tap locate(size_t frame, size_t channels) {
  const size_t tile = frame / kTileFrames;
  const size_t within = frame % kTileFrames;
  const size_t left = kTileFrames - within;
  Tap tap;
  tap.before = static_cast<ptrdiff_t>(tile * channels * kTileFrames + within);
  tap.from_after = hn::Not(hn::FirstN(kF, left % kLanes));
  if (within == 0) return tap;
  tap.after =
      static_cast<ptrdiff_t>((tile + 1) * channels * kTileFrames) - static_cast<ptrdiff_t>(left);
  tap.joint = left / kLanes;
  return tap;
}

// Both loads of a joint reach beyond the rows they are for: buffers have guards for that.
HWY_INLINE Row load_tap(const float* row, const Tap& tap) {
  constexpr size_t k1 = kLanes;
  constexpr size_t k2 = 2 * kLanes;
  const float* const before = row + tap.before;
  const float* const after = row + tap.after;
  const auto joint = [&](size_t at) HWY_ATTR {
    return hn::IfThenElse(tap.from_after, hn::LoadU(kF, after + at), hn::LoadU(kF, before + at));
  };
  switch (tap.joint) {
    case 0: return {joint(0), hn::LoadU(kF, after + k1), hn::LoadU(kF, after + k2)};
    case 1: return {hn::LoadU(kF, before), joint(k1), hn::LoadU(kF, after + k2)};
    case 2: return {hn::LoadU(kF, before), hn::LoadU(kF, before + k1), joint(k2)};
    default: return {hn::LoadU(kF, before), hn::LoadU(kF, before + k1), hn::LoadU(kF, before + k2)};
  }
}

// Where the lanes of one vector of a tap lie that the sequence's ends may cut, relative to the
// channel's row in tile 0: lanes below `split` at `first`, the others at `second`; only lanes
// [begin, end) are inside the sequence.
struct Piece {
  ptrdiff_t first = 0;
  ptrdiff_t second = 0;
  size_t split = kLanes;
  size_t begin = 0;
  size_t end = kLanes;
};

Piece locate_piece(ptrdiff_t frame, ptrdiff_t frames, ptrdiff_t channels) {
  constexpr ptrdiff_t kTile = kTileFrames;
  constexpr ptrdiff_t kVector = kLanes;
  Piece piece;
  piece.begin = static_cast<size_t>(std::clamp<ptrdiff_t>(-frame, 0, kVector));
  piece.end = static_cast<size_t>(std::clamp<ptrdiff_t>(frames - frame, 0, kVector));
  if (piece.begin >= piece.end) {
    piece.begin = piece.end = 0;
    return piece;
  }
  const ptrdiff_t tile = frame >= 0 ? frame / kTile : -1 - (-1 - frame) / kTile;
  const ptrdiff_t within = frame - tile * kTile;
  piece.first = tile * channels * kTile + within;
  if (within + kVector > kTile) {
    const ptrdiff_t split = kTile - within;
    piece.split = static_cast<size_t>(split);
    piece.second = (tile + 1) * channels * kTile - split;
  }
  return piece;
}

HWY_INLINE LaneMask lanes_between(size_t begin, size_t end) {
  return hn::AndNot(hn::FirstN(kF, begin), hn::FirstN(kF, end));
}

// A vector that the sequence's ends may cut: zero outside.
HWY_INLINE Vector load_cut(const float* row, const Piece& piece) {
  Vector v = hn::Zero(kF);
  if (piece.begin < std::min(piece.end, piece.split)) {
    v = load_masked(lanes_between(piece.begin, std::min(piece.end, piece.split)),
                    row + piece.first);
  }
  if (std::max(piece.begin, piece.split) < piece.end) {
    v = hn::Or(v, load_masked(lanes_between(std::max(piece.begin, piece.split), piece.end),
                              row + piece.second));
  }
  return v;
}

HWY_INLINE Vector inside(const Piece& piece, Vector value) {
  return hn::IfThenElseZero(lanes_between(piece.begin, piece.end), value);
}

HWY_INLINE float at_or_zero(const float* values, size_t i) {
  return values != nullptr ? values[i] : 0.0f;
}

// Every tap of every frame lies inside the sequence. kTaps = 0: as many as args say.
template <size_t kTaps>
HWY_INLINE void convolve_inner(const DepthwiseArgs& args, size_t first) {
  const size_t taps = kTaps != 0 ? kTaps : args.taps_per_channel;
  Tap plan[kTaps != 0 ? kTaps : kMaxDepthwiseTaps];
  for (size_t j = 0; j < taps; ++j) {
    plan[j] = locate(first + j * args.dilation, args.src_channels);
  }
  const float* const bias = args.inner_bias != nullptr ? args.inner_bias : args.bias;
  const float* const src = args.src;
  const float* const taps_of_all = args.taps;
  finish_rows(args, [&](size_t c) HWY_ATTR {
    const float* const row = src + c * kTileFrames;
    const float* const weights = taps_of_all + c * taps;
    Row r = broadcast_row(at_or_zero(bias, c));
    for (size_t j = 0; j < taps; ++j) {
      multiply_add(r, load_tap(row, plan[j]), hn::Set(kF, weights[j]));
    }
    return r;
  });
}

// Zeros beyond the ends of the sequence.
HWY_INLINE void convolve_cut(const DepthwiseArgs& args, ptrdiff_t first) {
  const size_t taps = args.taps_per_channel;
  Piece pieces[kMaxDepthwiseTaps][kVectorsPerTile];
  for (size_t j = 0; j < taps; ++j) {
    for (size_t v = 0; v < kVectorsPerTile; ++v) {
      pieces[j][v] = locate_piece(first + static_cast<ptrdiff_t>(j * args.dilation + v * kLanes),
                                  static_cast<ptrdiff_t>(args.src_frames),
                                  static_cast<ptrdiff_t>(args.src_channels));
    }
  }
  finish_rows(args, [&](size_t c) HWY_ATTR {
    const float* const row = args.src + c * kTileFrames;
    Row r = broadcast_row(at_or_zero(args.bias, c));
    for (size_t j = 0; j < taps; ++j) {
      const Piece* const p = pieces[j];
      const Row x = {load_cut(row, p[0]), load_cut(row, p[1]), load_cut(row, p[2])};
      multiply_add(r, x, hn::Set(kF, args.taps[c * taps + j]));
      if (args.shifts == nullptr) continue;
      const Vector shift = hn::Set(kF, args.shifts[c * taps + j]);
      add(r, {inside(p[0], shift), inside(p[1], shift), inside(p[2], shift)});
    }
    return r;
  });
}

// Mirrored or repeated frames beyond the ends: gathered one by one.
void convolve_gathered(const DepthwiseArgs& args) {
  const size_t taps = args.taps_per_channel;
  const ptrdiff_t first = static_cast<ptrdiff_t>(args.tile * kTileFrames) - args.pad_left;
  ptrdiff_t offsets[kMaxDepthwiseTaps][kTileFrames];
  for (size_t j = 0; j < taps; ++j) {
    for (size_t t = 0; t < kTileFrames; ++t) {
      const size_t frame = padded_frame(first + static_cast<ptrdiff_t>(j * args.dilation + t),
                                        args.src_frames, args.border);
      offsets[j][t] = static_cast<ptrdiff_t>(
          (frame / kTileFrames) * args.src_channels * kTileFrames + frame % kTileFrames);
    }
  }
  const float* const bias = args.inner_bias != nullptr ? args.inner_bias : args.bias;
  alignas(kAlignmentBytes) float gathered[kTileFrames];
  finish_rows(args, [&](size_t c) HWY_ATTR {
    const float* const row = args.src + c * kTileFrames;
    Row r = broadcast_row(at_or_zero(bias, c));
    for (size_t j = 0; j < taps; ++j) {
      for (size_t t = 0; t < kTileFrames; ++t) gathered[t] = row[offsets[j][t]];
      multiply_add(r, load_row(gathered), hn::Set(kF, args.taps[c * taps + j]));
    }
    return r;
  });
}

}  // namespace

void depthwise(const DepthwiseArgs& args) {
  const size_t taps = args.taps_per_channel;
  const ptrdiff_t frames = static_cast<ptrdiff_t>(args.src_frames);
  const ptrdiff_t first = static_cast<ptrdiff_t>(args.tile * kTileFrames) - args.pad_left;
  const ptrdiff_t reach = static_cast<ptrdiff_t>((taps - 1) * args.dilation + kTileFrames);
  const bool inner = first >= 0 && first + reach <= frames;
  if (!inner && args.border != Border::kZero) {
    convolve_gathered(args);
    return;
  }
  if (!inner) {
    convolve_cut(args, first);
  } else if (taps == 3) {
    convolve_inner<3>(args, static_cast<size_t>(first));
  } else {
    convolve_inner<0>(args, static_cast<size_t>(first));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(depthwise);
DepthwiseKernel* depthwise_kernel() {
  return &HWY_DYNAMIC_DISPATCH(depthwise);
}
}  // namespace tessera::simd
#endif
