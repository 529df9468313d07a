// Integer weights of one convolution.
#pragma once

#include <span>

#include "quantize/roles.h"
#include "tessera/calibration.h"
#include "tessera/encodings.h"

namespace tessera::quantization {

// Symmetric per output channel, the operand's scales inside. With `means` (of the operand's
// channels), the bias takes the mean error of the rounded weights. Steps are widened where the
// accumulator could leave 32 bits.
IntegerWeights encode_weights(const Matrix& matrix, const ValueEncoding& operand,
                              std::span<const double> means);

}  // namespace tessera::quantization
