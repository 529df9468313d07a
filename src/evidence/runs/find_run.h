// The run that somebody means: a folder, a stamp, or the beginning of a name.
#pragma once

#include <filesystem>
#include <string>

#include "tessera/result.h"

namespace tessera {

// `word`: a path to a run's folder, else the name of a folder in `root` or a beginning that only
// one has. Errors: kNotFound; kInvalidArgument where several begin so, naming them.
Result<std::filesystem::path> find_run(const std::filesystem::path& root, const std::string& word);

}  // namespace tessera
