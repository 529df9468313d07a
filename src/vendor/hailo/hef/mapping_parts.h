// The readers of the parts of a mapping: mapping.cpp calls them.
#pragma once

#include <optional>

#include "vendor/hailo/hef/mapping.h"

namespace tessera {

// Of each kind in a file; real ones hold hundreds of layers and thousands of the others.
inline constexpr size_t kMaxMappedLayers = 1U << 15;
inline constexpr size_t kMaxMappedEdges = 1U << 17;
inline constexpr size_t kMaxConstraints = 1U << 17;

// Notes once, in `log`, that a file holds more of something than is read.
class CountLimit {
 public:
  CountLimit(size_t most, std::string_view what) : most_(most), what_(what) {}
  bool allows(size_t count, uint64_t offset, DamageLog& log);

 private:
  size_t most_;
  std::string_view what_;
  bool told_ = false;
};

// Nothing where the file ends before it tells which layer it is.
std::optional<HefMappedLayer> read_mapped_layer(WireMessage message);
HefMappedEdge read_mapped_edge(WireMessage message, uint64_t context);

// A rule's tree, of which the texts are read: what they are about, and where each holds, is
// written in numbers that nobody has explained.
struct HefConstraintTexts {
  std::string layer;
  std::vector<std::string> texts;
};
HefConstraintTexts read_constraints(WireMessage message, size_t most, DamageLog& log);

// A unit that a layer has.
struct HefResource {
  uint64_t type = 0;
  uint64_t index = 0;
  uint64_t layer = 0;
  uint64_t context = 0;
  HefPlace place;
};
HefResource read_resource(WireMessage message);
HefUnit unit_of_resource(uint64_t type);

}  // namespace tessera
