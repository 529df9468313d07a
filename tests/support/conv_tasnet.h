// Conv-TasNet with random weights, built node by node in the form importers end in
// (tessera/compiler/graph.h). Independent of the importers, so that they can be tested against it.
#pragma once

#include "tessera/compiler/graph.h"

namespace tessera::test {

// Defaults: the default-size network (Asteroid's constructor), 4 s at 8 kHz.
struct ConvTasNet {
  int64_t samples = 32000;
  int64_t kernel = 16;       // K of encoder and decoder
  int64_t stride = 8;        // S
  int64_t filters = 512;     // N
  int64_t bottleneck = 128;  // B
  int64_t hidden = 512;      // H
  int64_t skip = 128;        // Sc; 0: no skip path
  int64_t depthwise_kernel = 3;
  int64_t blocks = 8;   // X
  int64_t repeats = 3;  // R
  int64_t sources = 2;
  NormKind norm = NormKind::global;
  bool causal = false;
  bool encoder_relu = false;
  Op mask_activation = Unary{.kind = UnaryKind::relu};
  bool channel_slopes = false;  // PReLU slopes per channel instead of one

  int64_t frames() const { return (samples - kernel) / stride + 1; }
};

// Small enough to be run hundreds of times, every size another.
inline ConvTasNet small_conv_tasnet(int64_t samples, NormKind norm = NormKind::global) {
  return {.samples = samples,
          .filters = 20,
          .bottleneck = 12,
          .hidden = 18,
          .skip = 10,
          .blocks = 3,
          .repeats = 2,
          .norm = norm};
}

Graph build(const ConvTasNet& network, uint32_t seed = 1);

}  // namespace tessera::test
