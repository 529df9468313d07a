// Random networks in TensorFlow Lite's integers, one operator or a few, for comparison with its
// own kernels.
#pragma once

#include <string>
#include <vector>

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"

namespace tessera::test {

struct TfliteNetwork {
  std::string kind;  // "conv", "add", ...
  Graph graph;
  Encodings encodings;
};

// By seed: convolutions of every kind, their ReLU, PReLU of one slope or many, add, sub, mul with
// broadcasts, sigmoid, tanh, concat, slice, pad, affine, Gemm, in 8 bits, 16, or both mixed; scales
// that fit the values and scales that saturate them; scales per channel where a file can hold them.
TfliteNetwork random_tflite_network(uint32_t seed);

// Values of the inputs, on their codes.
std::vector<std::vector<float>> random_tflite_inputs(const TfliteNetwork& network, uint32_t seed);

// What the plain loops compute, dequantised.
std::vector<std::vector<float>> run_in_tflite_integers(
    const TfliteNetwork& network, const std::vector<std::vector<float>>& inputs);

}  // namespace tessera::test
