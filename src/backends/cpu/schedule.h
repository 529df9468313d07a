// Passes: which steps run together, tile by tile, and where every thread must wait.
#pragma once

#include <vector>

#include "backends/cpu/program.h"

namespace tessera::cpu {

// Steps over the same domain that run one after another on each tile.
struct Group {
  Domain domain;
  std::vector<const Step*> steps;
  // Values that the next tile reads and that lie in the arena, to be fetched ahead while
  // steps[fetcher] computes.
  struct Fetch {
    ValueId value = kNoValue;
    size_t lead_tiles = 1;  // from the tile in hand to the one that the next tile needs
    size_t lag_tiles = 1;   // the same for a pass that goes backwards
  };
  std::vector<Fetch> fetches;
  size_t fetcher = 0;
};

// Between passes lies a barrier. First one thread runs the serial steps, then all run the groups.
// Every other pass goes backwards, so that it begins with what the last one has left in the caches.
struct Pass {
  std::vector<const Step*> serial;
  std::vector<Group> groups;
  bool backwards = false;
};

struct Schedule {
  std::vector<Pass> passes;
  std::vector<size_t> pass_of;  // by index of step in Program
};

// The earliest pass for each step: after the pass that makes a value it reads whole, in the pass
// that makes a value it reads tile by tile.
Schedule make_schedule(const Program& program);

}  // namespace tessera::cpu
