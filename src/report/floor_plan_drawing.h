// A picture of a chip's clusters: what lies in each, and how full its units are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera {

struct FloorUnits {
  std::string name;
  uint64_t used = 0;
  uint64_t have = 0;
};

struct FloorLayer {
  std::string name;
  uint64_t weight = 0;  // its share of the cluster's area
};

struct FloorCluster {
  uint64_t index = 0;
  std::vector<FloorUnits> units;   // the same kinds in every cluster
  std::vector<FloorLayer> layers;  // in the order in which they are drawn
};

// What is on the chip at one time.
struct FloorPlan {
  std::string title;
  std::vector<std::string> facts;  // lines under it
  std::vector<FloorCluster> clusters;
};

// A self-contained SVG document: the plans one under the other. The colour of a cluster is the load
// of its fullest unit.
std::string draw_floor_plans(const std::vector<FloorPlan>& plans);

}  // namespace tessera
