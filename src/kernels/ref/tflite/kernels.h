// The integer arithmetic of TensorFlow Lite's reference kernels (github.com/google-ai-edge/LiteRT,
// tflite/kernels), as plain loops over codes: the measure of every faster one. Operands and results
// of an operator have codes of one width. A value has one scale and one zero point in the file;
// here it may have a scale per channel where weights or proportions take these up, and its first
// scale stands for all.
#pragma once

#include <span>
#include <vector>

#include "kernels/ref/integer_kernels.h"
#include "kernels/ref/tflite/fixed_point.h"

namespace tessera::integer::tflite {

// One scale of the weights per output channel, as the file has them.
//   operand scale * filter scale / result scale
// is what an accumulator is multiplied by, the operand's and result's first scales standing for
// all.
std::vector<float> filter_scales(const IntegerWeights& weights, const Coding& operand,
                                 const Coding& result);
std::vector<Multiplier> conv_multipliers(std::span<const float> filter_scales,
                                         const Coding& operand, const Coding& result);

// The weights of an affine as a depthwise convolution with one tap: one code each, of full scale.
IntegerWeights affine_weights(const Affine& op, const Coding& operand);

// saturate(acc * multiplier + zero point); negative results become the zero point with `relu`.
template <typename Code>
void conv_codes(const ConvOperands<Code>& operands, std::span<const Multiplier> multipliers,
                const Coding& result, bool relu, const CodeTarget<Code>& dst);

// Codes of another scale or width.
template <typename From, typename To>
void requantize(const CodeSource<From>& src, const Coding& from, const Coding& to,
                const CodeTarget<To>& dst);

// Add, Mul, and Binary's sub; each axis of an operand is the result's size or 1.
enum class Elementwise : uint8_t { add, sub, mul };
template <typename Code>
struct Operand {
  CodeSource<Code> src;
  const Coding& coding;
};
template <typename Code>
void elementwise(Elementwise op, const Operand<Code>& a, const Operand<Code>& b,
                 const Coding& result, const CodeTarget<Code>& dst);

// ReLU, PReLU of one slope (LEAKY_RELU) or, of 8 bits, of one per channel in codes of their own.
template <typename Code>
void relu(const Operand<Code>& x, const Coding& result, const CodeTarget<Code>& dst);
template <typename Code>
void leaky_relu(float slope, const Operand<Code>& x, const Coding& result,
                const CodeTarget<Code>& dst);
struct SlopeCodes {
  float scale = 1;
  std::vector<int8_t> codes;  // one per channel, zero point 0
};
SlopeCodes encode_slopes(const Tensor& slope);
template <typename Code>
void prelu(const SlopeCodes& slopes, const Operand<Code>& x, const Coding& result,
           const CodeTarget<Code>& dst);

// LOGISTIC and TANH have results of one scale: 1/256 from -128 on, and 1/128; 1/32768 of 16 bits.
ValueEncoding logistic_encoding(bool is_int16);
ValueEncoding tanh_encoding(bool is_int16);
// Of 8 bits, a table of float32 results.
void curve(UnaryKind kind, const Operand<Code8>& x, const CodeTarget<Code8>& dst);
// Of 16 bits, interpolated in a table of 256 entries.
void curve(UnaryKind kind, const Operand<Code16>& x, const CodeTarget<Code16>& dst);

// QUANTIZE of float32: halves away from zero. DEQUANTIZE is that of ONNX.
template <typename Code>
void quantize(const Source& src, const Coding& coding, const CodeTarget<Code>& dst);

}  // namespace tessera::integer::tflite
