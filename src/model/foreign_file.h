// Files that are met where a network should be and are none: what a server, Git or another program
// left there. They are told by their first bytes and named with the next step.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tessera/result.h"

namespace tessera {

struct ForeignFile {
  std::string_view kind;  // "an HTML page"
  std::string_view told_by;
  std::string_view next;  // the next step
};
std::span<const ForeignFile> foreign_files();

// Error: kCorrupt or kUnsupported, whose subject is empty, where the file is one of these; else
// nothing.
std::optional<Error> name_foreign_file(std::span<const uint8_t> bytes);

}  // namespace tessera
