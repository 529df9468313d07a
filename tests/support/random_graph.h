// Random networks for property tests: the same seed gives the same network on every machine.
#pragma once

#include "support/conv_tasnet.h"

namespace tessera::test {

// A small Conv-TasNet of random options: any norm, causal or not, with or without skips, one to
// three sources, ragged channel counts, lengths that leave a remainder.
ConvTasNet random_conv_tasnet_options(uint32_t seed);
Graph random_conv_tasnet(uint32_t seed);

struct RandomGraphOptions {
  int64_t nodes = 25;   // about this many besides the input
  int64_t most_h = 2;   // device rows of the input: 1..most_h
  int64_t most_c = 20;  // channels
  int64_t most_w = 90;  // frames of the input: 5..most_w
  // Also overlap-add, norm statistics and scale-shift; the stage is then `rewriting`.
  bool rewritten = false;
};

// Any op of tessera/compiler/op.h in any legal order (those that only rewriting makes on demand),
// with one input and one output per node nobody reads. Values stay moderate and every op inside its
// domain, so that two correct implementations in float32 agree to about 1e-4 of the largest value.
Graph random_graph(uint32_t seed, const RandomGraphOptions& options = {});

}  // namespace tessera::test
