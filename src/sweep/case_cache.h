// Finished cases by what went into them, over runs: failures as well as successes.
#pragma once

#include <filesystem>
#include <string>

#include "tessera/result.h"

namespace tessera {

// Fills `folder`, which is empty, with what the cache has under `key`; false where it has nothing
// whole. Errors: kIo, kNoSpace.
Result<bool> fetch_cached_case(const std::filesystem::path& cache, const std::string& key,
                               const std::filesystem::path& folder);

// Keeps a copy of a finished folder under `key`: whole or not at all, and the first stays. Errors:
// kIo, kNoSpace.
Result<void> keep_cached_case(const std::filesystem::path& cache, const std::string& key,
                              const std::filesystem::path& folder);

}  // namespace tessera
