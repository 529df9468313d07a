// Which instruction sets the kernels are compiled for. Include before any Highway header.
#pragma once

// SSSE3 without SSE4 is no CPU anybody runs this on; it would only cost compile time. Tiles have a
// width known at compile time, so scalable vectors (SVE) stay off: such CPUs run the NEON code.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
