// The cpu backend: float32 on the processor's vector units, several threads, time-tiled layout.
// Results do not depend on the number of threads.
#pragma once

#include <memory>

#include "tessera/backend.h"

namespace tessera {

std::unique_ptr<Backend> make_cpu_backend(const BackendOptions& options);

}  // namespace tessera
