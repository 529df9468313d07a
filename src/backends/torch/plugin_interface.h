// What the torch plugin exports, and how program and plugin know that they were built together:
// they hand C++ objects to each other.
#pragma once

#include <string>

#include <fmt/format.h>

#include "tessera/backend.h"

namespace tessera::torch_plugin {

inline constexpr const char* kFile = "tessera_torch.so";

// Equal in two binaries whose objects have the same layout: version, compiler, sizes.
inline std::string identity() {
  return fmt::format("tessera {} {} {}.{}.{}.{}.{}.{}", TESSERA_VERSION, __VERSION__, sizeof(Graph),
                     sizeof(Node), sizeof(Op), sizeof(Segment), sizeof(BackendOptions),
                     sizeof(DeviceInfo));
}

// extern "C" in the plugin:
inline constexpr const char* kIdentityFunction = "tessera_torch_identity";
using IdentityFunction = const char* (*)();
inline constexpr const char* kMakeFunction = "tessera_torch_make";
using MakeFunction = Backend* (*)(const BackendOptions* options);  // the caller owns the result

}  // namespace tessera::torch_plugin
