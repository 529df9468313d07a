// Random operators whose numbers lie around the limits of a chip as often as far from them.
#pragma once

#include <cstdint>
#include <string>

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"

namespace tessera::test {

struct RandomOperator {
  std::string kind;  // what was drawn: "conv.depthwise", "slice"
  Graph graph;
};

// One operator with its inputs as outputs of nothing else; the same seed gives the same one.
RandomOperator random_operator(uint32_t seed);

// Codes for every value that has a tensor: int8, or now and then int16 throughout.
Encodings uniform_encodings(const Graph& graph, uint32_t seed);

}  // namespace tessera::test
