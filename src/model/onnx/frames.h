// Frames (elements of W, or rows of H) of a graph value repeated, chosen and interpolated, written
// in ops of the graph: Slice, Concat, Pad and depthwise convolutions.
#pragma once

#include <optional>
#include <vector>

#include "model/onnx/op_context.h"
#include "model/onnx/resample_map.h"

namespace tessera::onnx_import {

// The axis W or H that a dim spans, or, for a dim of size 1, one of size 1 that it may grow along.
std::optional<Axis> frame_axis(const OpContext& context, const Value& x, size_t dim);

// Each frame `times` times, one after the other: a depthwise transposed convolution of ones.
Result<Value> repeat_frames(OpContext& context, const Value& x, size_t dim, int64_t times);

// Frames map[0], map[1], ... of a dim; the map never goes back. Errors: kUnsupported where it
// neither repeats nor leaves out frames regularly.
Result<Value> take_frames(OpContext& context, const Value& x, size_t dim,
                          const std::vector<int64_t>& map);

// Points on the lines between neighbouring frames. Errors: kUnsupported where no whole number of
// points lies between two frames, or of frames between two points.
Result<Value> interpolate_frames(OpContext& context, const Value& x, size_t dim,
                                 const ResizedAxis& axis);

// Frames before and after: the last and the first, as on a circle.
Result<Value> wrap_frames(OpContext& context, const Value& x, size_t dim, int64_t before,
                          int64_t after);

}  // namespace tessera::onnx_import
