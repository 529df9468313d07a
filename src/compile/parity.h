// The check that ends a build: what the stitched pieces compute is what the imported network
// computes.
#pragma once

#include "tessera/backend.h"
#include "tessera/graph.h"
#include "tessera/package.h"
#include "tessera/plan.h"
#include "tessera/result.h"

namespace tessera {

// Both on `backend`, on noise that is the same every time. Errors: kMismatch where an exact plan
// differs by more than float rounding; those of loading and running.
Result<ParityEvidence> measure_parity(const Graph& imported, const Plan& plan, bool exact,
                                      Backend& backend, const std::string& backend_name);

}  // namespace tessera
