#include "backends/cpu/steps/elementwise.h"

namespace tessera::cpu {
namespace {

// First row of the operand for the running tile.
const float* rows_of(const TileContext& context, const BinaryOperand& operand) {
  if (!operand.one_frame && !operand.one_plane) return context.tile_of(operand.value);
  const float* const plane = context.plane_of(operand.value, operand.one_plane ? 0 : context.plane);
  return operand.one_frame ? plane
                           : plane + context.tile * context.places[operand.value].tile_floats;
}

}  // namespace

void UnaryStep::run(const TileContext& context) const {
  context.kernels.unary({.op = op,
                         .src = context.tile_of(src),
                         .dst = context.tile_of(dst),
                         .channels = channels,
                         .slopes = slopes.data(),
                         .alpha = alpha,
                         .beta = beta});
}

void BinaryStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  simd::BinaryArgs args;
  args.op = op;
  args.a = rows_of(context, a);
  args.b = rows_of(context, b);
  args.a_step = a.one_channel ? 0 : frames;
  args.b_step = b.one_channel ? 0 : frames;
  args.a_one_frame = a.one_frame;
  args.b_one_frame = b.one_frame;
  args.dst = context.tile_of(dst);
  args.channels = channels;
  args.activation = epilogue.activation;
  args.slopes = epilogue.slopes.data();
  args.statistics = epilogue.statistics.kind;
  args.valid_frames = context.valid_frames;
  args.sums = epilogue.statistics.fresh(context);
  context.kernels.binary(args);
}

bool BinaryStep::take_statistics(simd::Statistics kind, ValueId sums) {
  return epilogue.take(kind, sums, channels, tiles, tile_frames);
}

void SoftmaxStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  const float* const in = context.tile_of(src);
  float* const out = context.tile_of(dst);
  const size_t per_group = channels / groups;
  const size_t sets = over_groups ? per_group : groups;
  for (size_t i = 0; i < sets; ++i) {
    const size_t first = (over_groups ? i : i * per_group) * frames;
    context.kernels.softmax({.src = in + first,
                             .dst = out + first,
                             .count = over_groups ? groups : per_group,
                             .step = over_groups ? per_group : 1});
  }
}

}  // namespace tessera::cpu
