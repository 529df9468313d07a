// Ops of a graph as operators of float32.
#pragma once

#include <vector>

#include "export/tflite/emitter.h"
#include "tessera/compiler/graph.h"

namespace tessera::tflite {

// Appends what computes `node` from its operands; the tensor of its value, which may be an
// operand's. Errors: kUnsupported for what the format has no operators for; kResourceLimit.
Result<TensorId> write_float_op(FileBuilder& file, const Graph& graph, const Node& node,
                                const std::vector<TensorId>& operands);

// Of a normalisation over the set of `kind` (never batch).
struct Moments {
  TensorId mean;
  TensorId centered;      // x - mean
  TensorId inverse_root;  // 1/sqrt(variance + eps)
};
Moments write_moments(Emitter& out, NormKind kind, double eps, TensorId x, const Shape& shape);

}  // namespace tessera::tflite
