// Codings and convolutions in the terms of the kernels.
#pragma once

#include <vector>

#include "backends/emulator/program.h"

namespace tessera::emulator {

simd::CodeScale code_scale(const integer::Coding& coding, int64_t channel);

// What becomes of a convolution's accumulators, with the arrays that simd::Requantize points into.
class RequantizeTable {
 public:
  // `read` is the coding of the codes that are convolved. `activation`, null or a relu or prelu, is
  // applied before `result` is written, which may hold codes or floats.
  RequantizeTable(const IntegerWeights& weights, const integer::Coding& read, int64_t groups,
                  const Unary* activation, const Value& result);

  simd::Requantize requantize() const;

 private:
  simd::Format format_;
  simd::Activation activation_ = simd::Activation::kNone;
  bool divide_;
  std::vector<int32_t> bias_;
  std::vector<float> gain_;
  std::vector<float> slopes_;
  std::vector<simd::CodeScale> codes_;
};

}  // namespace tessera::emulator
