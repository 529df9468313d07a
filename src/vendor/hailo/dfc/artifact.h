// Whether a file that the compiler made is whole: it may leave one without an end.
#pragma once

#include <filesystem>

#include "tessera/result.h"

namespace tessera::hailo {

// By its extension: .har (a tar, which ends in blocks of zeros, or a whole gzip of one) or .hef
// (the size its header tells). The message completes "FILE ...". Errors: kNotFound, kCorrupt.
Result<void> check_artifact(const std::filesystem::path& path);

}  // namespace tessera::hailo
