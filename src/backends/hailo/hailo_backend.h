// A Hailo-8 or Hailo-8L, through HailoRT: runs the compiled pieces (.hef) of a package.
#pragma once

#include <memory>

#include "tessera/backend.h"

namespace tessera {

std::unique_ptr<Backend> make_hailo_backend(const BackendOptions& options);

}  // namespace tessera
