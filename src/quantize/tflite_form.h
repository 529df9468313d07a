// Which operator of TensorFlow Lite's integers computes a node of a quantised network: what an
// exported file holds, and what is computed here, both follow from it.
#pragma once

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"

namespace tessera::quantization {

enum class TfliteForm : uint8_t {
  float_op,             // on dequantised operands; quantised if its value is encoded
  convolution,          // of integer weights
  relu_of_convolution,  // one operator with the convolution before it, whose value has no codes
  into_relu,            // that convolution
  affine,               // a depthwise convolution
  relu,
  leaky_relu,  // PReLU of one slope
  prelu,
  curve,        // sigmoid, tanh: results of one scale
  elementwise,  // add, sub, mul
  movement,     // slice, pad, concat: codes as they are
};
TfliteForm tflite_form_of(const Graph& graph, const Node& node, const Encodings& encodings);

// Whether encodings are such as TensorFlow Lite's integers have: one zero point for a value, 0 of
// 16 bits; scales per channel only where every operator that makes or reads the value takes them
// up; results of convolutions encoded. Errors: kInvalidModel naming the node.
Result<void> check_tflite_encodings(const Graph& graph, const Encodings& encodings);

}  // namespace tessera::quantization
