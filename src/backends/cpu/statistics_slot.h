// Where a step leaves the sums that a norm needs: a blob of doubles, one slot per tile, so that the
// result does not depend on which thread did which tile.
//   [plane][tile][ sums | sums of squares ], each 1 (total), F (per frame) or C (per channel) long
#pragma once

#include <algorithm>

#include "backends/cpu/program.h"

namespace tessera::cpu {

struct StatisticsSlot {
  simd::Statistics kind = simd::Statistics::kNone;
  ValueId blob = kNoValue;
  size_t length = 0;  // doubles of one sum
  size_t tiles = 0;   // per plane

  static size_t length_of(simd::Statistics kind, size_t channels, size_t tile_frames) {
    switch (kind) {
      case simd::Statistics::kTotal: return 1;
      case simd::Statistics::kPerFrame: return tile_frames;
      case simd::Statistics::kPerChannel: return channels;
      case simd::Statistics::kNone: break;
    }
    return 0;
  }
  static size_t blob_floats(size_t length, size_t planes, size_t tiles) {
    return 2 * length * planes * tiles * (sizeof(double) / sizeof(float));
  }

  simd::Sums at(const TileContext& context, size_t plane, size_t tile) const {
    if (kind == simd::Statistics::kNone) return {};
    auto* const doubles = reinterpret_cast<double*>(context.blob(blob));
    double* const slot = doubles + (plane * tiles + tile) * 2 * length;
    return {slot, slot + length};
  }
  // The slot of the running tile, zeroed.
  simd::Sums fresh(const TileContext& context) const {
    const simd::Sums sums = at(context, context.plane, context.tile);
    if (sums.sum != nullptr) std::fill_n(sums.sum, 2 * length, 0.0);
    return sums;
  }
};

}  // namespace tessera::cpu
