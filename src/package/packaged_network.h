// Parts of a packaged network that are read from entries of their own.
#pragma once

#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/target.h"
#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera {

// The target file that the package was built for. Errors: those of parse_target(); kNotFound.
Result<Target> packaged_target(const Package& package);

// What calibration chose for the rewrite: frozen norms and bases of streams. Errors: kNotFound,
// kCorrupt.
Result<RewriteParameters> packaged_parameters(const Package& package);

}  // namespace tessera
