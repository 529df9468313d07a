// The layout of activations on the CPU: time is cut into tiles, and a tile holds all its channels.
//
//   value(channel, frame) = data[((frame / F) * channels + channel) * F + frame % F]
//
// F ("tile frames") is three vectors of the instruction set in use: 48 with AVX-512, 24 with AVX2,
// 12 with NEON and SSE4. A tile is therefore one contiguous panel of a matrix product, a row of it
// is three registers, and everything a pass does to a tile happens while it is hot in cache.
// The last tile of a sequence is padded to F frames; what lies behind the last frame is finite but
// has no meaning, and no kernel lets it reach a valid frame or a statistic.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera::simd {

// A tile is this many vectors wide on every instruction set.
inline constexpr size_t kVectorsPerTile = 3;
// The widest tile of any instruction set: the bound for small stack buffers.
inline constexpr size_t kMaxTileFrames = 48;
// Buffers of activations keep this many readable floats before and behind their values, because
// vectors that straddle an edge are loaded whole and masked.
inline constexpr size_t kGuardFloats = 16;
// Alignment of every activation and packed weight buffer: one AVX-512 vector, one cache line.
inline constexpr size_t kAlignmentBytes = 64;

// Number of tiles that cover `frames`.
constexpr size_t tile_count(size_t frames, size_t tile_frames) {
  return (frames + tile_frames - 1) / tile_frames;
}

// What lies beyond the ends of a sequence.
enum class Border : uint8_t {
  kZero,
  kReflect,  // mirrored without repeating the end: frame -1 is frame 1
  kEdge,     // the end frame again
};

// The frame that stands for `frame` (any integer) in a sequence of `frames`, for kReflect and
// kEdge. Mirrors once, as every toolkit does; what lies beyond that is clamped.
constexpr size_t padded_frame(ptrdiff_t frame, size_t frames, Border border) {
  const ptrdiff_t last = static_cast<ptrdiff_t>(frames) - 1;
  if (border == Border::kReflect) {
    if (frame < 0) frame = -frame;
    if (frame > last) frame = 2 * last - frame;
  }
  return static_cast<size_t>(frame < 0 ? 0 : (frame > last ? last : frame));
}

enum class Activation : uint8_t { kNone, kRelu, kPrelu };

// Which sums a kernel keeps of what it writes, for the norm that follows.
enum class Statistics : uint8_t {
  kNone,
  kTotal,       // over channels and frames: gLN
  kPerFrame,    // over channels, for each frame: cLN, cgLN
  kPerChannel,  // over frames, for each channel: fgLN
};

// Where those sums go; a kernel adds to what is there. Sums are exact to float rounding within a
// few rows and accumulated in double beyond that.
//   kTotal:      sum[0], square[0]
//   kPerFrame:   sum[F], square[F]
//   kPerChannel: sum[channels], square[channels]
struct Sums {
  double* sum = nullptr;
  double* square = nullptr;
};

}  // namespace tessera::simd
