// The products of product.h by the matrix unit of the processor: sums of 16 channels by 16 frames
// by 64 products at once, exact modulo 2^32. Codes of 16 bits are taken as two bytes, of which the
// upper one counts 256 times.
#pragma once

#include "kernels/simd/integer/product.h"

namespace tessera::simd {

// Of the instruction set in use; null kernels where it has no such unit. Whether the processor has
// one is another question: tile_unit.h.
ProductKernels tile_product_kernels(Format codes);

}  // namespace tessera::simd
