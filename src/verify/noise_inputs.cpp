#include "verify/noise_inputs.h"

namespace tessera {

std::vector<std::vector<float>> noise_inputs(const Graph& graph) {
  std::vector<std::vector<float>> inputs;
  Noise noise;
  for (NodeId id : graph.inputs()) {
    std::vector<float>& values =
        inputs.emplace_back(static_cast<size_t>(graph.node(id).shape.size()));
    for (float& value : values) value = kNoiseAmplitude * noise.next();
  }
  return inputs;
}

}  // namespace tessera
