// How many units a cluster of each chip has.
#pragma once

#include <cstdint>
#include <optional>

#include "vendor/hailo/hef/mapping.h"

namespace tessera {

// `arch`: Hef::arch. Nothing where it is not known.
std::optional<uint64_t> cluster_capacity(uint32_t arch, HefUnit unit);

// Of the chip; nothing where it is not known.
std::optional<uint64_t> cluster_count(uint32_t arch);

}  // namespace tessera
