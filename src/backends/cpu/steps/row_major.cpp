#include "backends/cpu/steps/row_major.h"

#include <algorithm>
#include <array>

#include "kernels/ref/reference_kernels.h"

namespace tessera::cpu {
namespace {

// Calls copy(row-major pointer, tiled pointer, count) for each run of frames within one tile.
template <class Copy>
void for_each_run(const TileContext& context, ValueId id, const Shape& shape, float* row_major,
                  const Copy& copy) {
  const size_t frames = context.kernels.tile_frames;
  const MemorySlot& place = context.places[id];
  const auto width = static_cast<size_t>(shape.w);
  for (size_t c = 0; c < static_cast<size_t>(shape.c); ++c) {
    for (size_t h = 0; h < static_cast<size_t>(shape.h); ++h) {
      float* tiled = place.base + h * place.plane_floats + c * frames;
      for (size_t t = 0; t < width; t += frames, tiled += place.tile_floats) {
        const size_t count = std::min(frames, width - t);
        copy(row_major + t, tiled, count);
      }
      row_major += width;
    }
  }
}

}  // namespace

size_t RowMajorStep::memory_floats() const {
  auto total = static_cast<size_t>(shape.size());
  for (const Shape& operand : shapes) total += static_cast<size_t>(operand.size());
  return total;
}

void RowMajorStep::run(const TileContext& context) const {
  float* next = context.blob(memory);
  std::array<reference::Source, 2> sources;
  for (size_t i = 0; i < operands.size(); ++i) {
    for_each_run(context, operands[i], shapes[i], next,
                 [](float* flat, const float* tiled, size_t n) { std::copy_n(tiled, n, flat); });
    sources[i] = {next, shapes[i]};
    next += shapes[i].size();
  }
  reference::evaluate(op, {sources.data(), operands.size()}, {next, shape});
  for_each_run(context, dst, shape, next,
               [](const float* flat, float* tiled, size_t n) { std::copy_n(flat, n, tiled); });
}

}  // namespace tessera::cpu
