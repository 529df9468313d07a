// The reference backend: every op by its scalar kernel, one after another in graph order. Slow,
// single-threaded, obviously right; the measure of all others.
#pragma once

#include <memory>

#include "tessera/backend.h"

namespace tessera {

// Ignores BackendOptions::threads: results and timing do not depend on the machine's load.
std::unique_ptr<Backend> make_reference_backend(const BackendOptions& options);

}  // namespace tessera
