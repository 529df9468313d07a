// The network of a case: seeded, or a part of a real one.
#pragma once

#include <filesystem>

#include "sweep/definition.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// `folder`: what relative paths are relative to. Errors: those of seeded_network() and
// import_model(); kUnsupported for a part that the model does not have.
Result<Graph> case_network(const Parameters& parameters, const std::filesystem::path& folder);

}  // namespace tessera
