// The kernels of one instruction set, with what a caller must know to lay out data for them.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/simd/binary.h"
#include "kernels/simd/depthwise.h"
#include "kernels/simd/frames.h"
#include "kernels/simd/normalize.h"
#include "kernels/simd/pointwise.h"
#include "kernels/simd/rescale.h"
#include "kernels/simd/softmax.h"
#include "kernels/simd/statistics.h"
#include "kernels/simd/unary.h"

namespace tessera::simd {

struct Kernels {
  const char* instruction_set =
      "";                  // Highway's name: "AVX3" (AVX-512), "AVX2", "SSE4", "NEON", ...
  size_t tile_frames = 0;  // F of tile.h
  PointwiseBlocking blocking;
  PointwiseKernel* pointwise = nullptr;
  DepthwiseKernel* depthwise = nullptr;
  RescaleKernel* rescale = nullptr;
  NormalizeKernel* normalize = nullptr;
  BinaryKernel* binary = nullptr;
  UnaryKernel* unary = nullptr;
  SoftmaxKernel* softmax = nullptr;
  StatisticsKernel* statistics = nullptr;
  FrameKernels frames = {};
};

// The best that this processor runs.
Kernels best_kernels();

// Every instruction set that this build contains and this processor runs, for tests; not to be
// called while another thread asks for kernels.
std::vector<Kernels> all_kernels();

}  // namespace tessera::simd
