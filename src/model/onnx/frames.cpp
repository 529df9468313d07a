#include "model/onnx/frames.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

constexpr int64_t kMaxPieces = 16;
constexpr int64_t kMaxTimes = 1024;

Error not_time(const OpContext& context) {
  return context.unsupported("resizes something else than time or devices",
                             "Tessera resizes along time");
}

Result<Tensor> per_channel(const OpContext& context, int64_t channels, Axis axis,
                           const std::vector<float>& taps) {
  TESSERA_TRY(const int64_t elements,
              element_count(Dims{channels, static_cast<int64_t>(taps.size())}));
  TESSERA_TRY_VOID(context.spend(elements));
  std::vector<float> values;
  for (int64_t c = 0; c < channels; ++c) values.insert(values.end(), taps.begin(), taps.end());
  const auto count = static_cast<int64_t>(taps.size());
  return axis == Axis::w ? Tensor({channels, 1, 1, count}, std::move(values))
                         : Tensor({channels, 1, count, 1}, std::move(values));
}

Extent along(Axis axis, int64_t step) {
  return axis == Axis::w ? Extent{1, step} : Extent{step, 1};
}

Padding borders(Axis axis, int64_t before, int64_t after) {
  return axis == Axis::w ? Padding{0, 0, before, after} : Padding{before, after, 0, 0};
}

Result<Value> with_frames(OpContext& context, const Value& x, size_t dim, Axis axis, Op op) {
  TESSERA_TRY(const NodeId node, context.add(std::move(op), {x.node}));
  Value y = Value::of(node, x.view);
  y.view[dim] = whole(context.shape(node), axis);
  return y;
}

Result<Value> spread(OpContext& context, const Value& x, size_t dim, Axis axis,
                     const std::vector<float>& taps, int64_t stride, const Padding& crop) {
  const int64_t channels = context.shape(x.node).c;
  ConvTranspose op;
  TESSERA_TRY(op.weight, per_channel(context, channels, axis, taps));
  op.stride = along(axis, stride);
  op.crop = crop;
  op.groups = channels;
  return with_frames(context, x, dim, axis, std::move(op));
}

Result<Value> edged(OpContext& context, const Value& x, size_t dim, Axis axis, int64_t before,
                    int64_t after) {
  if (before == 0 && after == 0) return x;
  return with_frames(context, x, dim, axis, Pad{borders(axis, before, after), PadMode::edge});
}

struct Run {
  int64_t begin = 0;
  int64_t count = 1;
  int64_t step = 1;
};

// The list as runs of one positive step each.
std::vector<Run> runs_of(const std::vector<int64_t>& list) {
  std::vector<Run> runs;
  for (size_t i = 0; i < list.size(); ++i) {
    if (!runs.empty()) {
      Run& last = runs.back();
      const int64_t step = list[i] - list[i - 1];
      if (step > 0 && (last.count == 1 || step == last.step)) {
        last.step = step;
        ++last.count;
        continue;
      }
    }
    runs.push_back({list[i], 1, 1});
  }
  return runs;
}

// A map as frames of the `times`-fold repeated operand, between copies of its first and last frame.
struct Chosen {
  int64_t first = 0;
  int64_t last = 0;
  std::vector<int64_t> frames;
};

Chosen choose(const std::vector<int64_t>& map, int64_t size, int64_t times) {
  Chosen chosen;
  for (size_t at = 0; at < map.size();) {
    const int64_t frame = map[at];
    int64_t count = 0;
    while (at + static_cast<size_t>(count) < map.size() &&
           map[at + static_cast<size_t>(count)] == frame)
      ++count;
    const bool begins = at == 0;
    const bool ends = at + static_cast<size_t>(count) == map.size();
    const int64_t more = std::max<int64_t>(count - times, 0);
    const int64_t block = std::min(count, times);
    if (begins && frame == 0)
      chosen.first = more;
    else if (begins)
      chosen.frames.insert(chosen.frames.end(), static_cast<size_t>(more), frame * times);
    const int64_t skipped = begins && !ends ? times - block : 0;
    for (int64_t k = 0; k < block; ++k) chosen.frames.push_back(frame * times + skipped + k);
    if (!begins && ends && frame == size - 1)
      chosen.last = more;
    else if (!begins)
      chosen.frames.insert(chosen.frames.end(), static_cast<size_t>(more), (frame + 1) * times - 1);
    at += static_cast<size_t>(count);
  }
  return chosen;
}

}  // namespace

std::optional<Axis> frame_axis(const OpContext& context, const Value& x, size_t dim) {
  const Shape& shape = context.shape(x.node);
  std::optional<Axis> axis = whole_axis(x.view[dim], shape);
  if (!axis && x.view[dim].atoms.empty()) {
    axis = x.view[dim].hint;
    if (!axis && shape.w == 1) axis = Axis::w;
    if (!axis && shape.h == 1) axis = Axis::h;
    if (axis && extent(shape, *axis) != 1) axis.reset();
  }
  return axis == Axis::c ? std::nullopt : axis;
}

Result<Value> repeat_frames(OpContext& context, const Value& x, size_t dim, int64_t times) {
  if (times == 1) return x;
  const std::optional<Axis> axis = frame_axis(context, x, dim);
  if (!axis) return not_time(context);
  if (times > kMaxTimes) {
    return context.unsupported(
        fmt::format("repeats every frame {} times, at most {} are read", times, kMaxTimes));
  }
  return spread(context, x, dim, *axis, std::vector<float>(static_cast<size_t>(times), 1), times,
                {});
}

Result<Value> take_frames(OpContext& context, const Value& x, size_t dim,
                          const std::vector<int64_t>& map) {
  const int64_t size = x.view[dim].size();
  const auto count = static_cast<int64_t>(map.size());
  const std::optional<Axis> axis = frame_axis(context, x, dim);
  if (!axis) return not_time(context);
  const int64_t times = std::max<int64_t>(count / size, 1);
  const Chosen chosen = choose(map, size, times);
  const std::vector<Run> runs = runs_of(chosen.frames);
  if (static_cast<int64_t>(runs.size()) > kMaxPieces) {
    return context.unsupported(
        fmt::format("resizes {} frames to {}, not by a whole factor", size, count),
        "choose an input length whose parts have whole factors, or export with a whole "
        "scale_factor");
  }
  TESSERA_TRY(const Value repeated, repeat_frames(context, x, dim, times));
  std::vector<Value> pieces;
  for (const Run& run : runs) {
    TESSERA_TRY(Value piece, slice_value(context, repeated, dim, run.begin, run.count, run.step));
    pieces.push_back(std::move(piece));
  }
  TESSERA_TRY(const Value joined, concat_values(context, std::move(pieces), dim));
  return edged(context, joined, dim, *axis, chosen.first, chosen.last);
}

Result<Value> interpolate_frames(OpContext& context, const Value& x, size_t dim,
                                 const ResizedAxis& resized) {
  const std::optional<Axis> axis = frame_axis(context, x, dim);
  if (!axis) return not_time(context);
  const std::optional<RegularSteps> steps = regular_steps(resized);
  if (!steps || steps->up > kMaxTimes) {
    return context.unsupported(
        fmt::format("interpolates {} frames at {} points, whose distance is no whole part of a "
                    "frame",
                    resized.in, resized.out),
        resized.coordinates == Coordinates::align_corners
            ? "export with align_corners=False"
            : "choose an input length whose parts have whole factors, or export with a whole "
              "scale_factor");
  }
  const double last = position(resized, resized.out - 1);
  const auto before = std::max<int64_t>(static_cast<int64_t>(std::ceil(-steps->offset)), 0);
  auto after = std::max<int64_t>(static_cast<int64_t>(std::ceil(last)) - (resized.in - 1), 0);
  if (steps->up == 1) {  // each point between two frames, `down` frames from the last
    const double first = steps->offset + static_cast<double>(before);
    const auto begin = static_cast<int64_t>(std::floor(first + 1e-9));
    const double part = first - static_cast<double>(begin);
    TESSERA_TRY(const Value padded, edged(context, x, dim, *axis, before, after));
    const int64_t span = (resized.out - 1) * steps->down;
    if (std::abs(part) < 1e-6)
      return slice_value(context, padded, dim, begin, resized.out, steps->down);
    TESSERA_TRY(const Value part_of, slice_value(context, padded, dim, begin, span + 2, 1));
    Conv op;
    op.groups = context.shape(x.node).c;
    TESSERA_TRY(op.weight, per_channel(context, op.groups, *axis,
                                       {static_cast<float>(1 - part), static_cast<float>(part)}));
    op.stride = along(*axis, steps->down);
    return with_frames(context, part_of, dim, *axis, std::move(op));
  }
  // The share of frame i in point i*up + k is a triangle over k.
  const auto up = static_cast<double>(steps->up);
  std::vector<float> taps;
  int64_t first_tap = 0;
  for (int64_t k = -2 * steps->up; k <= 2 * steps->up; ++k) {
    const double share = 1 - std::abs(static_cast<double>(k) / up + steps->offset);
    if (share < 1e-9) continue;
    if (taps.empty()) first_tap = k;
    taps.push_back(static_cast<float>(share));
  }
  const int64_t front = before * steps->up - first_tap;
  const auto length = [&] {
    return (resized.in + before + after - 1) * steps->up + static_cast<int64_t>(taps.size());
  };
  while (length() < front + resized.out) ++after;
  if (front < 0) return context.unsupported("interpolates before the first frame");
  TESSERA_TRY(const Value padded, edged(context, x, dim, *axis, before, after));
  return spread(context, padded, dim, *axis, taps, steps->up,
                borders(*axis, front, length() - front - resized.out));
}

Result<Value> wrap_frames(OpContext& context, const Value& x, size_t dim, int64_t before,
                          int64_t after) {
  const int64_t size = x.view[dim].size();
  if (before > kMaxPieces * size || after > kMaxPieces * size) {
    return context.unsupported(
        fmt::format("pads {} elements by {} and {} of its own", size, before, after));
  }
  std::vector<Value> parts;
  const auto part = [&](int64_t begin, int64_t count) -> Result<void> {
    if (count == 0) return {};
    TESSERA_TRY(Value value, slice_value(context, x, dim, begin, count, 1));
    parts.push_back(std::move(value));
    return {};
  };
  TESSERA_TRY_VOID(part(size - before % size, before % size));
  for (int64_t i = 0; i < before / size + 1 + after / size; ++i) parts.push_back(x);
  TESSERA_TRY_VOID(part(0, after % size));
  return concat_values(context, std::move(parts), dim);
}

}  // namespace tessera::onnx_import
