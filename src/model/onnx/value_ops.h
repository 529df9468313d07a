// Slicing, joining and laying out values whose dims are factors of a graph value's axes: the pieces
// op families share.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "model/onnx/op_context.h"
#include "model/onnx/value.h"

namespace tessera::onnx_import {

// Adds leading dims of size 1.
Value with_rank(Value x, size_t rank);

// Elements begin, begin+step, ... (count of them) along a dim of a graph value.
Result<Value> slice_value(OpContext& context, const Value& x, size_t dim, int64_t begin,
                          int64_t count, int64_t step);

// Joins graph values along a dim. A dim of size 1 that stands for no axis becomes a factor of the
// channels (sources).
Result<Value> concat_values(OpContext& context, std::vector<Value> parts, size_t dim);

// Repeat atoms become real copies.
Result<Value> materialised(OpContext& context, const Value& x);

// Applies `body` to each index of `dim` (of size 1 there) and joins the results along it again: a
// batch made of sources, say.
using PerIndex = std::function<Result<Value>(const Value&)>;
Result<Value> for_each_index(OpContext& context, const Value& x, size_t dim, const PerIndex& body);

// A constant, of the rank of `like`, arranged as values [C, H, W]; axes over which it does not vary
// have size 1.
struct LaidOut {
  Shape shape;
  std::vector<float> values;
  View view;
};
Result<LaidOut> lay_out(const OpContext& context, const ConstArray& array, const View& like,
                        const Shape& like_shape);
Result<Value> constant_value(OpContext& context, const ConstArray& array, const View& like,
                             const Shape& like_shape);

// A constant that, broadcast to x, varies over channels only: one value per channel of x in channel
// order; nothing when it varies otherwise.
Result<std::optional<Tensor>> channel_parameter(const OpContext& context, const ConstArray& array,
                                                const Value& x);

// y = scale*x + bias
Result<Value> affine(OpContext& context, const Value& x, double scale, double bias);

// x op y with ONNX broadcasting.
enum class BinaryOp : uint8_t { add, sub, mul, div, max, min, pow };
Result<Value> binary(OpContext& context, BinaryOp op, Value a, Value b);

// op(x) for a graph value, keeping its view.
Result<Value> unary(OpContext& context, UnaryKind kind, const Value& x);

}  // namespace tessera::onnx_import
