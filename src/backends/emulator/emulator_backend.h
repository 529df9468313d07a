// The emulator backend: the integer arithmetic of a chip, bit for bit on every machine. Runs what a
// segment's encodings describe (semantics: tessera/compiler/encodings.h) in integers and everything
// else in float as the reference backend does.
#pragma once

#include <memory>

#include "tessera/backend.h"

namespace tessera {

std::unique_ptr<Backend> make_emulator_backend(const BackendOptions& options);

}  // namespace tessera
