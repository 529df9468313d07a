// What a segment costs on a target, before anything is compiled.
#pragma once

#include "tessera/compiler/plan.h"
#include "tessera/compiler/target.h"

namespace tessera {

// Calls, bytes, arithmetic and overhead of a tiled segment, without switches.
Cost segment_cost(const ChipSegment& segment, const Target& target);

// The worst verdict of the segment's pieces; stops at the first that does not fit.
Verdict segment_verdict(const ChipSegment& segment, const Target& target);

// Packs the pieces, in order of first use, into contexts that are on the chip together, and returns
// the time to load them: each change of context sends the weights of the next.
struct ContextEstimate {
  int64_t contexts = 0;
  double switch_s = 0;
};
ContextEstimate estimate_contexts(const Plan& plan, const Target& target);

}  // namespace tessera
