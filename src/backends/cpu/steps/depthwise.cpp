#include "backends/cpu/steps/depthwise.h"

namespace tessera::cpu {

void DepthwiseTables::fold(const float* weights, const float* bias, const float* gain,
                           const float* offset, float* tables) const {
  float* const shifts = tables + channels * taps;
  float* const inner_bias = shifts + channels * taps;
  for (size_t c = 0; c < channels; ++c) {
    double sum = bias != nullptr ? static_cast<double>(bias[c]) : 0.0;
    for (size_t j = c * taps; j < (c + 1) * taps; ++j) {
      tables[j] = weights[j] * gain[c];
      shifts[j] = weights[j] * offset[c];
      sum += static_cast<double>(weights[j]) * static_cast<double>(offset[c]);
    }
    inner_bias[c] = static_cast<float>(sum);
  }
}

void DepthwiseStep::run(const TileContext& context) const {
  const float* const plane_tables =
      folded != kNoValue ? context.blob(folded) + context.plane * tables.floats_per_plane()
                         : fixed.data();
  simd::DepthwiseArgs args;
  args.src = context.plane_of(src, context.plane);
  args.dst = context.tile_of(dst);
  args.channels = tables.channels;
  args.src_channels = context.places[src].root_channels;
  args.src_frames = src_frames;
  args.tile = context.tile;
  args.taps_per_channel = tables.taps;
  args.dilation = dilation;
  args.pad_left = pad_left;
  args.border = border;
  args.taps = plane_tables;
  args.shifts = plane_tables + tables.channels * tables.taps;
  args.inner_bias = plane_tables + 2 * tables.channels * tables.taps;
  args.bias = bias.data();
  args.activation = epilogue.activation;
  args.slopes = epilogue.slopes.data();
  args.statistics = epilogue.statistics.kind;
  args.valid_frames = context.valid_frames;
  args.sums = epilogue.statistics.fresh(context);
  context.kernels.depthwise(args);
}

bool DepthwiseStep::take_statistics(simd::Statistics kind, ValueId sums) {
  return epilogue.take(kind, sums, tables.channels, tiles, tile_frames);
}

void FoldDepthwiseStep::run(const TileContext& context) const {
  const float* const values = context.blob(gains);
  float* const result = context.blob(folded);
  for (size_t plane = 0; plane < planes; ++plane) {
    const float* const gain = values + plane * 2 * tables.channels;
    tables.fold(weights.data(), bias.data(), gain, gain + tables.channels,
                result + plane * tables.floats_per_plane());
  }
}

}  // namespace tessera::cpu
