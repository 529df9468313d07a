// Bytes to a descriptor, all of them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tessera/result.h"

namespace tessera {

// Goes on after signals and short writes. Errors: those of system_error() with `subject` and
// `action`.
Result<void> write_all(int descriptor, std::span<const uint8_t> bytes, std::string_view subject,
                       std::string_view action = "write");

// From where `source` stands to its end. Errors: those of write_all(), and of reading, with
// `source_subject`.
Result<void> copy_all(int source, std::string_view source_subject, int descriptor,
                      std::string_view subject, std::string_view action = "write");

}  // namespace tessera
