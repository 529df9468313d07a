// Which operator of TensorFlow Lite's integers computes a node of a quantised network, and in what
// codes: what an exported file holds, and what is computed here, both follow from it.
#pragma once

#include <optional>
#include <vector>

#include "kernels/ref/coding.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"

namespace tessera::integer::tflite {

enum class Form : uint8_t {
  float_op,     // on dequantised operands; quantised if its value is encoded
  convolution,  // of integer weights
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
Form form_of(const Graph& graph, const Node& node, const Encodings& encodings);

// Operators take operands and give results of one width: 16 bits if any of them has 16. Others are
// requantised before and after.
struct Widths {
  bool is_int16 = false;
  std::vector<Coding> operands;  // as the operator reads them
  Coding result;                 // as the operator makes it
};
// Of operands and result as encoded.
Widths widths_of(Form form, const Op& op, std::vector<Coding> operands, const Coding& result);

// One scale for all channels, and one zero point.
bool is_uniform(const Coding& coding);

}  // namespace tessera::integer::tflite
