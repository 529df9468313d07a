// The check that ends a build: what the stitched pieces compute is what the imported network
// computes, value by value, and in integers code by code.
#pragma once

#include <string_view>

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/verify.h"
#include "tessera/result.h"

namespace tessera {

// What a plan is measured against.
struct ParityReference {
  const Graph& imported;
  const Graph&
      approximated;  // approximated_network(): `imported` itself where nothing is approximate
  bool approximate = false;  // `approximated` is another network than `imported`
};

// The plain loops that codes are compared with take about a second for as many multiplications.
inline constexpr int64_t kMaxComparedMacs = 30'000'000'000;

// On noise that is the same every time: every value that the stitched run shows beside the
// approximated network's, in float; with `encodings`, every code at every border too, unless the
// network has more than kMaxComparedMacs (ParityEvidence::codes is 0 then). `threads`: 0 for as
// many as the process may use. Errors: kInvalidModel where the imported network gives values that
// are not finite; kMismatch naming the first value that differs by more than float rounding, or the
// first code that differs at all; those of loading and running.
Result<ParityEvidence> verify_build(const ParityReference& reference, const Plan& plan,
                                    const Encodings* encodings, int threads);

}  // namespace tessera
