// A convolution or Gemm as ONNX's integer ops see it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "export/integer_nodes.h"
#include "kernels/ref/integer_kernels.h"
#include "quantize/roles.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"

namespace tessera {

struct IntegerConvolution {
  IntegerConvolution(const Node& of, const IntegerWeights& integers);

  const Node& node;
  const IntegerWeights& weights;
  quantization::Matrix matrix;
  std::vector<int64_t> dims;  // of the weight, 4
  Conv op;                    // geometry; a Gemm is a pointwise
  std::vector<int32_t> bias;  // [outputs], in units of the accumulator
  std::string weight;         // its initialiser, once there is one
};

// Whether all channels have one; ONNX's integer convolutions take no other.
bool one_zero_point(const integer::Coding& coding);
bool one_scale(const integer::Coding& coding);

// What each unit of the accumulator is worth in steps of `result`.
std::vector<float> multiplier_of(const IntegerWeights& weights, const integer::Coding& result);

// The initialiser of the weights, int8; made once.
const std::string& weight_of(IntegerConvolution& conv, IntegerNodes& nodes);

// For operands of several zero points, codes are convolved as they are: the zero points enter the
// bias, and padding is laid as codes. The name of the codes with their padding, of `shape` before.
std::string remove_zero_points(IntegerConvolution& conv, const std::string& codes, Shape shape,
                               const integer::Coding& coding, IntegerNodes& nodes);

void set_geometry(onnx_export::ExportBuilder::NodeWriter writer, const Conv& op,
                  const Padding& pads);

}  // namespace tessera
