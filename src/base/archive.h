// The container of a package: a zip of stored entries whose comment, the last bytes of the file, is
// a digest of everything before it. Whatever happens to a byte of it is noticed before it is
// parsed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct ArchiveEntry {
  std::string name;
  std::span<const uint8_t> bytes;
};

// In the order given, without times or owners: the same entries give the same bytes. Names are
// printable ASCII. Errors: kResourceLimit.
Result<std::vector<uint8_t>> write_archive(std::span<const ArchiveEntry> entries);

// The entries in the order of the zip's directory, as views into `file`.
// Errors: kCorrupt where the digest is missing or another; kUnsafe and kUnsupported for what
// write_archive never writes (tricks with names, compression, directories).
Result<std::vector<ArchiveEntry>> read_archive(std::span<const uint8_t> file);

// The digest that the file states, without checking it; empty if it has none.
std::string_view stated_digest(std::span<const uint8_t> file);

}  // namespace tessera
