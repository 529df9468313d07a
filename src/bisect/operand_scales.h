// What a convolution's integers say about the scales they were made for.
#pragma once

#include <cstdint>
#include <vector>

#include "quantize/roles.h"
#include "tessera/compiler/encodings.h"

namespace tessera {

// The operand's scales for which a convolution's integers were made: its own, unless they
// contradict it.
struct OperandScales {
  std::vector<double> of_channel;
  double operand_off = 1;  // the operand's scale over the one meant, where it is off most
  double weights_off = 1;  // the accumulators' scale over what weights and biases have
};
OperandScales infer_operand_scales(const quantization::Matrix& matrix,
                                   const IntegerWeights& integers, const ValueEncoding& read,
                                   int64_t channels);

}  // namespace tessera
