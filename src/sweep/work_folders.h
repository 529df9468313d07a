// Folders in which processes build cases before they give them their names: RUN/.work.
#pragma once

#include <filesystem>
#include <string>

#include "tessera/result.h"

namespace tessera {

// An empty folder of this process, for a case of the run in `run`. Errors: kIo, kNoSpace.
Result<std::filesystem::path> work_folder(const std::filesystem::path& run,
                                          const std::string& name);

// Removes what processes of this machine left that are gone, and what this one has; the rest is of
// others that may still work. RUN/.work goes when it is empty.
void clear_work_folders(const std::filesystem::path& run);

}  // namespace tessera
