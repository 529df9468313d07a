// Seeded random numbers that are the same on every machine (the standard's distributions are not).
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "tessera/compiler/graph.h"

namespace tessera::test {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}

  int64_t integer(int64_t low, int64_t high);  // low..high, both included
  bool chance(double probability);
  float uniform(float low, float high);
  template <typename T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[integer(0, static_cast<int64_t>(choices.size()) - 1)];
  }
  Tensor tensor(std::vector<int64_t> dims, float low, float high);

 private:
  std::mt19937 engine_;
};

// Values in [-1, 1) for each input of the graph.
std::vector<std::vector<float>> random_inputs(const Graph& graph, uint32_t seed);

// Runs the graph on a backend; aborts the test binary on any error.
std::vector<std::vector<float>> run_graph(const Graph& graph,
                                          const std::vector<std::vector<float>>& inputs,
                                          std::string_view backend = "reference");

}  // namespace tessera::test
