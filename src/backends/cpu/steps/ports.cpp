#include "backends/cpu/steps/ports.h"

#include <algorithm>

namespace tessera::cpu {

void InputStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  const float* const values = context.inputs[port].data();
  float* row = context.tile_of(dst);
  for (size_t c = 0; c < channels; ++c, row += frames) {
    const float* const src =
        values + (c * domain.planes + context.plane) * domain.frames + context.tile * frames;
    std::copy_n(src, context.valid_frames, row);
    std::fill(row + context.valid_frames, row + frames, 0.0f);
  }
}

void OutputStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  float* const values = context.outputs[port].data();
  const float* row = context.tile_of(src);
  for (size_t c = 0; c < channels; ++c, row += frames) {
    std::copy_n(
        row, context.valid_frames,
        values + (c * domain.planes + context.plane) * domain.frames + context.tile * frames);
  }
}

}  // namespace tessera::cpu
