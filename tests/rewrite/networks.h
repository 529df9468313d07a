// Networks for tests of rewriting: Conv-TasNets as importers write them, and random graphs of every
// op.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "tessera/graph.h"

namespace tessera::test {

// Deterministic on every platform.
class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  int64_t between(int64_t low, int64_t high);  // both included
  bool chance(int64_t percent) { return between(1, 100) <= percent; }
  float real(float low, float high);
  Tensor tensor(std::vector<int64_t> dims, float low = -1, float high = 1);

 private:
  std::mt19937 engine_;
};

// Options of Asteroid's ConvTasNet, small.
struct TasNet {
  int64_t filters = 12;
  int64_t kernel = 8;
  int64_t stride = 4;
  int64_t bottleneck = 5;
  int64_t hidden = 7;
  int64_t skip = 6;  // 0: no skip path
  int64_t blocks = 3;
  int64_t repeats = 2;
  int64_t sources = 2;
  int64_t samples = 101;
  NormKind norm = NormKind::global;
  bool causal = false;
  bool biases = true;
  Op mask_activation = Unary{UnaryKind::relu, {}, 0, 0};
};
Graph tasnet(const TasNet& options, uint32_t seed);

// A random directed graph of up to about `size` ops of every kind, H of 1 or 2, with several
// outputs.
Graph random_graph(uint32_t seed, int size);

}  // namespace tessera::test
