// Encodings: how a network runs in integers. A quantised network is a legal Graph plus Encodings;
// the graph itself does not change.
//
// Semantics are ONNX's (QuantizeLinear, DequantizeLinear, QLinearConv, ConvInteger), float32
// throughout:
//   quantise    q = saturate(round_half_even(x / scale) + zero_point)
//   dequantise  x = (q - zero_point) * scale
//   convolve    acc = bias + sum of weight*(q - zero_point), int32; then either
//               q = saturate(round_half_even(acc * (weight_scale / scale)) + zero_point)
//               if the convolution's own value is encoded, or x = acc * weight_scale if it is not
// Every other op is evaluated on dequantised operands and, if its value is encoded, quantised.
// Statistics of encoded values are exact sums over codes. A Slice or zero Pad without an encoding
// of its own keeps the codes of its operand.
//
// That is IntegerArithmetic::onnx. IntegerArithmetic::tflite is the arithmetic of TensorFlow Lite's
// reference kernels: codes are signed; a value has one zero point, 0 of 16 bits; factors are
// fixed-point numbers of 32 bits; every operator's result is rounded to codes, a ReLU after a
// convolution being part of it; operands and result of an operator have one width, or are
// requantised. Ops without an integer operator, and what the host computes, are evaluated as in
// onnx, but rounded to codes with halves away from zero.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/integer_arithmetic.h"
#include "tessera/result.h"

namespace tessera {

// How the values of one node are written as codes.
struct ValueEncoding {
  int bits = 8;                          // 8 or 16
  bool is_signed = false;                // codes of 8 bits: 0..255 or -128..127
  std::vector<float> scale = {};         // 1, or one per channel; finite and positive
  std::vector<int32_t> zero_point = {};  // 1, or one per channel; a code

  int32_t lowest() const { return is_signed ? -(1 << (bits - 1)) : 0; }
  int32_t highest() const { return lowest() + (1 << bits) - 1; }
  float scale_of(int64_t channel) const;
  int32_t zero_point_of(int64_t channel) const;
  friend bool operator==(const ValueEncoding&, const ValueEncoding&) = default;
};

// A convolution or Gemm in integers: weights in -127..127, symmetric per output channel. Scales of
// the operand's channels are part of the weights where they differ from channel to channel.
struct IntegerWeights {
  std::vector<int64_t> dims;   // of the op's weight
  std::vector<int8_t> values;  // row-major
  std::vector<int32_t> bias;   // [out], in units of the accumulator
  std::vector<float> scale;    // [out]: what one unit of the accumulator is worth
  // How an operand that stays float is read: quantised for this op alone.
  std::optional<ValueEncoding> operand = {};
  friend bool operator==(const IntegerWeights&, const IntegerWeights&) = default;
};

// By node name. Values that are not listed stay float32.
struct Encodings {
  std::map<std::string, ValueEncoding> values;
  std::map<std::string, IntegerWeights> weights;
  IntegerArithmetic arithmetic = IntegerArithmetic::onnx;

  bool empty() const { return values.empty() && weights.empty(); }
  friend bool operator==(const Encodings&, const Encodings&) = default;
};

// The encoding of a node's value: its own entry, or that of the operand whose codes a Slice or zero
// Pad passes on (channels sliced along); nullopt for float.
std::optional<ValueEncoding> encoding_of(const Graph& graph, NodeId node,
                                         const Encodings& encodings);

// Entries whose nodes are not in the graph are ignored (a piece holds part of a network). Errors:
// kInvalidModel naming the node: scales that are not positive, zero points that are no codes, wrong
// sizes, integer weights on a float operand, accumulators that could leave int32.
Result<void> check_encodings(const Graph& graph, const Encodings& encodings);

}  // namespace tessera
