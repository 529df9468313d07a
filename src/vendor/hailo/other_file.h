// A file that is none of Hailo's where one should be: what it is instead.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tessera/result.h"

namespace tessera {

// `wanted`: "a HEF". Code kCorrupt, without a subject.
Error other_file(std::span<const uint8_t> bytes, std::string_view wanted);

}  // namespace tessera
