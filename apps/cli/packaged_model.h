// Whether a package was built from a model on the disk.
#pragma once

#include <string>

#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera::cli {

// `path` is the model's file, or the folder of a network in several files: then all of them are
// compared. Errors: those of read_file.
Result<bool> is_built_from(const Package& package, const std::string& path);

}  // namespace tessera::cli
