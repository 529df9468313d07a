// Sums over dims of a graph value, weighted or not: what MatMul, Gemm, Einsum and the reductions
// share.
#pragma once

#include <vector>

#include "model/onnx/op_context.h"
#include "model/onnx/value.h"
#include "tessera/compiler/op.h"

namespace tessera::onnx_import {

// weight[out][in] for the elements of a dim in its own order.
struct Linear {
  ConstArray weight;  // [out, in]
  Tensor bias;        // [out] or empty
};

// y[.., o, ..] = sum over the dim of weight[o, i] x[.., i, ..] + bias[o].
// Errors: kUnsupported where the dim is neither the channels nor everything.
Result<Value> linear(OpContext& context, const Value& x, size_t dim, const Linear& p);

// Sum, mean, largest or smallest over the dims marked, which keep size 1.
// Errors: kUnsupported where they cut an axis, or run over the rows of a batch.
Result<Value> reduce(OpContext& context, ReduceKind kind, const Value& x,
                     const std::vector<bool>& over);

}  // namespace tessera::onnx_import
