// A convolution of a constant, which is a constant.
#pragma once

#include <cstdint>
#include <vector>

#include "model/onnx/const_array.h"
#include "tessera/compiler/tensor.h"

namespace tessera::onnx_import {

// What a kernel does along one spatial dim.
struct Window {
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t before = 0;  // padded, or cropped where transposed
  int64_t after = 0;
  int64_t extra = 0;  // transposed only
};

struct FoldedConvolution {
  std::vector<Window> windows;  // one or two
  int64_t groups = 1;
  bool transposed = false;
};

// x [N, C, ...], weight [out, C/groups, k...] ([C, out/groups, k...] transposed), bias [out] or
// empty; sums in double. Errors: kInvalidModel for shapes that do not fit; kResourceLimit beyond
// 2^26 products.
Result<ConstArray> fold_convolution(const ConstArray& x, const ConstArray& weight,
                                    const Tensor& bias, const FoldedConvolution& convolution);

}  // namespace tessera::onnx_import
