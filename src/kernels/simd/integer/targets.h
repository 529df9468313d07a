// Which instruction sets the integer kernels are compiled for: those of the float kernels, and
// AVX-512 with VNNI and VBMI, which is where 8 bits are fastest. Include before any Highway header.
#pragma once

#define HWY_WANT_AVX3_DL
#include "kernels/simd/targets.h"
