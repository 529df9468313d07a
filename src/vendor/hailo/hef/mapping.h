// The allocator's answer, field 3 of a HEF's description: which physical layer took which units of
// which cluster, and through which buffers tensors pass. The vendor does not document it; the
// numbers were found by inspection, and what is not understood is left out.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "vendor/hailo/wire.h"

namespace tessera {

// Kinds of units, in the order of the tables.
enum class HefUnit : uint8_t {
  lcu,
  sc,
  apu,
  aligner,
  l3,
  port_in,
  port_out,
  pcie_in,
  pcie_out,
  l4,
  link,     // between clusters
  convert,  // host-side conversions
  other,
};
inline constexpr size_t kHefUnits = 13;
using HefUnitCounts = std::array<uint64_t, kHefUnits>;
std::string_view to_string(HefUnit unit);  // "LCU", "SC", "L3"

struct HefDims {
  uint64_t height = 0;
  uint64_t width = 0;
  uint64_t features = 0;
  friend bool operator==(const HefDims&, const HefDims&) = default;
};

// Where units lie: in a cluster, or on the host's side.
struct HefPlace {
  uint64_t kind = 0;  // 1: a cluster; 2: the host's side
  uint64_t cluster = 0;

  bool in_cluster() const { return kind == 1; }
  friend auto operator<=>(const HefPlace&, const HefPlace&) = default;
};

struct HefMappedEdge {
  uint64_t context = 0;
  uint64_t source = 0;  // ids of layers
  uint64_t target = 0;
  uint64_t buffers = 0;
  uint64_t row_bytes = 0;
  uint64_t width = 0;
  uint64_t features = 0;
  uint64_t rows = 0;
};

struct HefMappedLayer {
  uint64_t id = 0;
  uint64_t context = 0;
  uint64_t type = 0;
  std::string name;
  std::string part_of;  // the network's layer that this is a part or a helper of
  std::vector<std::string> original_names;
  std::vector<HefDims> inputs;
  std::vector<HefDims> outputs;
  std::vector<HefDims> kernels;  // kernel height, width, output features
  std::vector<HefDims> strides;
  std::vector<HefDims> dilations;
  uint64_t subclusters = 0;  // that were asked for
  bool row_per_cut = false;
  std::map<uint32_t, uint64_t> decisions;  // all numbers of field 18, by their field
  HefUnitCounts units{};
  std::set<HefPlace> places;
  std::vector<std::string> constraints;  // what was checked of it, in the compiler's words
};

struct HefClusterLoad {
  uint64_t context = 0;
  HefPlace place;
  HefUnitCounts units{};
  uint64_t layers = 0;
};

struct HefMapping {
  uint64_t bytes = 0;  // of the field; 0: the file has none
  std::string allocator;
  uint64_t clock_hz = 0;
  double bottleneck_fps = 0;
  std::vector<double>
      caps;  // of the utilisation of six kinds of units; which is which is not known
  std::vector<uint64_t> timeouts_seconds;
  std::vector<HefMappedLayer> layers;
  std::vector<HefMappedEdge> edges;
  std::vector<HefClusterLoad> clusters;  // by context, then place
  HefUnitCounts units{};                 // of all
};

// What of `field` can be read.
HefMapping read_hef_mapping(const WireField& field, DamageLog& log);

}  // namespace tessera
