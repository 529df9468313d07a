// Noise for every input of a network, the same every time.
#pragma once

#include <vector>

#include "base/noise.h"
#include "tessera/compiler/graph.h"

namespace tessera {

inline constexpr float kNoiseAmplitude = 0.2F;

// One [C, H, W] for each input, in order: white and uniform within the amplitude.
std::vector<std::vector<float>> noise_inputs(const Graph& graph);

}  // namespace tessera
