// What a graph becomes on the CPU: values in tiled layout, and steps that each fill one tile of one
// value. Steps whose operands are tile-local run one after another on the same tile while it is hot
// in cache; only a step that looks at other tiles (a dilated convolution, a norm's statistics) must
// wait until a value is complete. schedule.h turns that into passes, placement.h into memory.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/simd/kernels.h"
#include "tessera/backend.h"

namespace tessera::cpu {

// Rows of H ("planes") and frames of W that a step walks; every plane is a sequence of its own.
struct Domain {
  size_t planes = 1;
  size_t frames = 0;
  friend auto operator<=>(const Domain&, const Domain&) = default;
};

using ValueId = uint32_t;
inline constexpr ValueId kNoValue = UINT32_MAX;

// A tensor in tiled layout (kernels/simd/tile.h), [planes][tiles][channels][F]; or a view of
// consecutive channels of another value; or a blob: floats with a meaning of their own.
struct Value {
  Domain domain;
  size_t channels = 0;
  size_t blob_floats = 0;    // > 0: a blob
  ValueId root = kNoValue;   // the value whose memory this is; its own id unless a view
  size_t first_channel = 0;  // in root, of a view
  bool persistent = false;   // filled at load time, kept for ever (constants)
};

// Where a value lies while running.
struct MemorySlot {
  float* base = nullptr;  // in the arena; null: in each thread's scratch
  size_t scratch_offset = 0;
  size_t tile_floats = 0;    // from one tile to the next
  size_t plane_floats = 0;   // from one plane to the next
  size_t root_channels = 0;  // channels per tile of the value that owns the memory
};

// What a step sees while it works on one tile.
struct TileContext {
  const simd::Kernels& kernels;
  std::span<const MemorySlot> places;
  float* scratch = nullptr;  // of this thread
  size_t plane = 0;
  size_t tile = 0;
  size_t valid_frames = 0;
  std::span<const simd::Ahead> ahead;  // what the next tile will read
  std::span<const ConstValues> inputs;
  std::span<const Values> outputs;

  float* tile_of(ValueId id) const {
    const MemorySlot& place = places[id];
    return place.base == nullptr
               ? scratch + place.scratch_offset
               : place.base + plane * place.plane_floats + tile * place.tile_floats;
  }
  // The first tile of one plane of a value that is complete.
  const float* plane_of(ValueId id, size_t which_plane) const {
    return places[id].base + which_plane * places[id].plane_floats;
  }
  float* blob(ValueId id) const { return places[id].base; }
};

// What of an operand a step reads: the tile it works on, or anything.
enum class Reach : uint8_t { tile, whole };
struct Read {
  ValueId value = kNoValue;
  Reach reach = Reach::tile;
  // whole: how far beyond the tile's end and before its start it looks, if the first is bounded
  size_t lead_frames = 0;
  size_t lag_frames = 0;
};

// One action. run() is called for each tile of `domain`, from several threads at once; a serial
// step is called once, between passes.
class Step {
 public:
  virtual ~Step() = default;
  virtual void run(const TileContext& context) const = 0;

  // Asks that sums of what this step writes be left in the blob `sums` (see Norms in lowering).
  // False: it cannot, or already serves another norm.
  virtual bool take_statistics(simd::Statistics, ValueId /*sums*/) { return false; }
  // Multiply-accumulates per tile: how long it runs, for placing prefetches.
  virtual size_t work() const { return 0; }

  Domain domain;
  bool serial = false;
  std::vector<Read> reads;
  std::vector<ValueId> writes;
  ValueId overwrites = kNoValue;  // an operand whose memory the result may take over, tile by tile
};

struct Program {
  std::vector<Value> values;
  std::vector<std::unique_ptr<Step>> steps;  // operands before their readers
  size_t tile_frames = 0;

  size_t tiles(const Domain& domain) const { return simd::tile_count(domain.frames, tile_frames); }
  // Floats of a value that owns memory.
  size_t floats(const Value& value) const {
    if (value.blob_floats != 0) return value.blob_floats;
    return value.domain.planes * tiles(value.domain) * value.channels * tile_frames;
  }
};

}  // namespace tessera::cpu
