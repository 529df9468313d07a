// The check that ends a build: what the stitched pieces compute is what the imported network
// computes.
#pragma once

#include <string>
#include <string_view>

#include "tessera/backend.h"
#include "tessera/graph.h"
#include "tessera/plan.h"
#include "tessera/result.h"
#include "tessera/verify.h"

namespace tessera {

// What measures it in a build, and again when a package is checked.
inline constexpr std::string_view kParityBackend = "cpu";

// What a plan is measured against.
struct ParityReference {
  const Graph& imported;
  const Graph&
      approximated;  // approximated_network(): `imported` itself where nothing is approximate
  bool approximate = false;  // `approximated` is another network than `imported`
};

// All on `backend`, on noise that is the same every time. Errors: kInvalidModel where the imported
// network gives values that are not finite; kMismatch where the plan differs from the approximated
// network by more than float rounding; those of loading and running.
Result<ParityEvidence> measure_parity(const ParityReference& reference, const Plan& plan,
                                      Backend& backend, const std::string& backend_name);

}  // namespace tessera
