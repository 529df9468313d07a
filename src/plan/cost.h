// What a segment costs on a target, before anything is compiled.
#pragma once

#include "tessera/compiler/plan.h"
#include "tessera/compiler/target.h"

namespace tessera {

// Calls, bytes, arithmetic and overhead of a tiled segment, without switches.
Cost segment_cost(const ChipSegment& segment, const Target& target);

// The worst verdict of the segment's pieces; stops at the first that does not fit.
Verdict segment_verdict(const ChipSegment& segment, const Target& target);

// How a plan does once it is compiled, with the weights for the size of files.
struct FileEstimate {
  int64_t contexts =
      0;      // files of FileSharing::fewest: sets of pieces that are on the chip together
  Cost cost;  // plan.cost with files of FileSharing::fastest
};
FileEstimate estimate_files(const Plan& plan, const Target& target);

}  // namespace tessera
