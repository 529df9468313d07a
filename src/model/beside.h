// Files that lie beside a model's own: configuration, the other parts of a network in several
// files. On the disk, or in memory where the model is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/format.h"

namespace tessera {

bool is_beside(const SourceFile& file, const std::string& name);

// Nothing where there is no such file. Errors: those of read_file.
Result<std::optional<std::vector<uint8_t>>> read_beside(const SourceFile& file,
                                                        const std::string& name,
                                                        uint64_t limit_bytes);

}  // namespace tessera
