// Matrix product of integer weights and a panel of codes: the pointwise convolution of one tile of
// frames, and any other whose operand has been gathered into a panel.
//
//   acc[o][t] = sum_k weights[o][k] * panel[k][t]      modulo 2^32
//
// Codes enter as they lie in memory; that their zero points are taken off is a constant per output
// channel (Requantize::bias). A panel holds `group` consecutive rows side by side for each frame,
// so that one instruction multiplies and adds that many: four codes of 8 bits where the processor
// has such a dot product (exact, it neither saturates nor rounds), else two of 16 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "kernels/simd/integer/requantize.h"

namespace tessera::simd {

// How one kind of product is cut.
struct ProductBlocking {
  size_t frames = 0;  // F: of a panel
  size_t rows = 0;    // R: output channels that are worked on at once
  size_t group = 0;   // rows of the panel side by side
  size_t weight_bytes = 0;
  size_t code_bytes = 0;  // in the panel

  constexpr size_t padded_out(size_t out) const { return (out + rows - 1) / rows * rows; }
  constexpr size_t steps(size_t in) const { return (in + group - 1) / group; }
  constexpr size_t panel_bytes(size_t in) const { return steps(in) * frames * group * code_bytes; }
};

// Memory that begins with a cache line, in which rows of a matrix register then lie.
template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  CacheLineAllocator() = default;
  template <typename Other>
  explicit CacheLineAllocator(const CacheLineAllocator<Other>&) {}
  T* allocate(size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{kAlignmentBytes}));
  }
  void deallocate(T* p, size_t) { ::operator delete (p, std::align_val_t{kAlignmentBytes}); }
  friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator&) { return true; }
};
using PackedWeights = std::vector<int8_t, CacheLineAllocator<int8_t>>;

// Weights [out][in] in the order in which the kernel reads them: [out/R][in/group][R][group], what
// is missing as zeros.
PackedWeights pack_product_weights(const ProductBlocking& blocking, const int8_t* weights,
                                   size_t out, size_t in);

// `frames` (at most F) codes of `in` rows that lie `stride` codes apart into a panel; what is
// missing of it holds anything (frames) or meets a weight of zero (rows).
struct PanelArgs {
  const void* src = nullptr;
  size_t stride = 0;
  size_t in = 0;
  size_t frames = 0;
  void* panel = nullptr;
};
using PanelKernel = void(const PanelArgs&);

struct ProductArgs {
  const void* weights = nullptr;  // packed
  const void* panel = nullptr;
  size_t in = 0;
  size_t out = 0;
  size_t first = 0;  // output channels first .. last - 1 are made; first is a multiple of R
  size_t last = 0;
  size_t frames = 0;  // that exist, of F
  const Requantize* requantize = nullptr;
  void* dst = nullptr;    // channel 0, first frame of the panel
  size_t dst_stride = 0;  // elements from channel to channel
};
using ProductKernel = void(const ProductArgs&);

// Of the instruction set in use, for operands in 8 and in 16 bits.
struct ProductKernels {
  ProductBlocking blocking;
  PanelKernel* panel = nullptr;
  ProductKernel* product = nullptr;
};
ProductKernels product_kernels(Format codes);

}  // namespace tessera::simd
