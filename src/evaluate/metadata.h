// The tables that LibriMix writes beside its recordings.
#pragma once

#include <filesystem>

#include "evaluate/data_set.h"
#include "tessera/result.h"

namespace tessera {

// Items and notes of `table`, its paths below `root`. A path of another machine is looked for by
// its last folder and name. Errors: those of read_data_set() for tables.
Result<DataSet> read_metadata(const std::filesystem::path& table, const std::filesystem::path& root,
                              int sources);

}  // namespace tessera
