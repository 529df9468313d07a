// The matrix unit of some x86 processors (AMX): eight registers of 16 rows of 64 bytes and products
// of whole registers, about eight times the multiplications of vectors.
#pragma once

namespace tessera::simd {

// Whether this processor has one for integers and the system lets this process use it, for which it
// is asked once: threads' states grow by 8 KiB from then on.
bool may_use_tile_unit();

}  // namespace tessera::simd
