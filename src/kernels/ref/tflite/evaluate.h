// One node of a quantised network in TensorFlow Lite's integers.
#pragma once

#include <span>

#include "kernels/ref/tflite/form.h"
#include "kernels/ref/tflite/kernels.h"

namespace tessera::integer::tflite {

// Codes [C, H, W] in memory: Code8 or Code16, as the coding says.
struct CodeView {
  const void* codes = nullptr;
  Shape shape;
  const Coding* coding = nullptr;
};
struct CodeSink {
  void* codes = nullptr;
  Shape shape;
  const Coding* coding = nullptr;
};

// `form` is any but float_op and into_relu. `op` is the node's; of relu_of_convolution, that of the
// convolution. `weights` are those of convolutions, else null. Requantises operands and result
// where the operator has another width or scale.
void evaluate(Form form, const Op& op, const IntegerWeights* weights,
              std::span<const CodeView> operands, const CodeSink& result);

}  // namespace tessera::integer::tflite
