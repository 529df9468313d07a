// Runs graphs on the reference backend and compares what comes out.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "tessera/backend.h"

namespace tessera::test {

using Outputs = std::vector<std::vector<float>>;

// The same input for graphs with the same input shapes.
inline std::vector<std::vector<float>> inputs_for(const Graph& graph, uint32_t seed) {
  std::vector<std::vector<float>> inputs;
  for (NodeId id : graph.inputs()) {
    std::vector<float> values;
    uint32_t state = seed * 2654435761U + 12345U;
    for (int64_t i = 0; i < graph.node(id).shape.size(); ++i) {
      state = state * 1664525U + 1013904223U;
      values.push_back(static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1.0F);
    }
    inputs.push_back(std::move(values));
  }
  return inputs;
}

inline Outputs evaluate(const Graph& graph, const std::vector<std::vector<float>>& inputs) {
  auto backend = make_backend("reference").value();
  auto executable = backend->load({graph}).value();
  Outputs outputs;
  for (const GraphOutput& output : graph.outputs())
    outputs.emplace_back(static_cast<size_t>(graph.node(output.node).shape.size()));
  const std::vector<ConstValues> sources(inputs.begin(), inputs.end());
  const std::vector<Values> targets(outputs.begin(), outputs.end());
  executable->run(sources, targets).value();
  return outputs;
}

// Largest |a - b| over the largest |a| of each output; infinity where sizes differ or a value is
// NaN.
inline double relative_difference(const Outputs& a, const Outputs& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size()) return std::numeric_limits<double>::infinity();
    double peak = 1e-6;
    double difference = 0;
    for (size_t k = 0; k < a[i].size(); ++k) {
      peak = std::fmax(peak, std::fabs(static_cast<double>(a[i][k])));
      const double d = std::fabs(static_cast<double>(a[i][k]) - static_cast<double>(b[i][k]));
      if (!(d <= difference))
        difference = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
    }
    worst = std::fmax(worst, difference / peak);
  }
  return worst;
}

}  // namespace tessera::test
