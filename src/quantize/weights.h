// Integer weights of one convolution.
#pragma once

#include <span>

#include "quantize/roles.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/quantize.h"
#include "tessera/result.h"

namespace tessera::quantization {

// Symmetric per output channel, the operand's scales inside. With `means` (of the operand's
// channels), the bias takes the mean error of the rounded weights. Steps are widened where the
// accumulator could leave 32 bits.
IntegerWeights encode_weights(const Matrix& matrix, const ValueEncoding& operand,
                              std::span<const double> means);

// Whether the integer weights of `encodings` are those of `graph` (its float weights in the
// operand's scales, rounded), and its biases within what rounded weights can take or give. Errors:
// kMismatch naming the node.
Result<void> check_weights(const Graph& graph, const Encodings& encodings);

}  // namespace tessera::quantization
