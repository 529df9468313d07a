// The voices of a separator: one wave in, and out either one value of a channel for each voice or
// one value for each voice (as networks export that return a list).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

struct VoiceLayout {
  int count = 0;
  int64_t samples = 0;  // of each voice
};

// Errors: kInvalidArgument that says what the network takes or gives instead: several inputs,
// inputs or outputs that are no waves, voices of different lengths, more than 64 of them.
Result<VoiceLayout> voice_layout(const Graph& graph);

// Each voice's samples in `outputs`, the values of all outputs in order.
std::vector<std::span<const float>> voices_in(const VoiceLayout& layout,
                                              std::span<const std::vector<float>> outputs);

}  // namespace tessera
