// Files of a case under construction. Nobody sees the folder before it is whole and named, so that
// its files need neither temporary names nor a wait for the disk each: result.json, the last,
// waits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "tessera/result.h"

namespace tessera {

// Replaces a file that is there. Errors: kIo, kNoSpace.
Result<void> write_case_file(const std::filesystem::path& path, std::span<const uint8_t> bytes);
Result<void> write_case_file(const std::filesystem::path& path, std::string_view text);

}  // namespace tessera
