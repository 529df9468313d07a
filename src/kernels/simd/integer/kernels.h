// The integer kernels of one instruction set.
#pragma once

#include <vector>

#include "kernels/simd/integer/depthwise.h"
#include "kernels/simd/integer/float_product.h"
#include "kernels/simd/integer/frame_norm.h"
#include "kernels/simd/integer/product.h"
#include "kernels/simd/integer/rows.h"

namespace tessera::simd {

struct IntegerKernels {
  const char* instruction_set = "";  // Highway's name: "AVX3_DL" (AVX-512 with VNNI), "AVX2", ...
  ProductKernels products8;          // operands in 8 bits
  ProductKernels products16;
  DepthwiseCodesKernel* depthwise = nullptr;
  RowKernels rows;
  FrameNormKernels frame_norms;
  FloatProductKernels float_products;

  const ProductKernels& products(Format codes) const {
    return codes == Format::kCode8 ? products8 : products16;
  }
};

// The best that this processor runs.
IntegerKernels best_integer_kernels();

// Every instruction set that this build contains and this processor runs, for tests; not to be
// called while another thread asks for kernels.
std::vector<IntegerKernels> all_integer_kernels();

}  // namespace tessera::simd
