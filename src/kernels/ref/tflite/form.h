// The codes that an operator of TensorFlow Lite's integers reads and makes.
#pragma once

#include <vector>

#include "kernels/ref/coding.h"
#include "quantize/tflite_form.h"

namespace tessera::integer::tflite {

using Form = quantization::TfliteForm;

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
