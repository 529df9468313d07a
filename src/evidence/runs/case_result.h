// cases/<case>/result.json: how one case ended.
#pragma once

#include <filesystem>

#include "evidence/runs/run_folder.h"

namespace tessera {

// Sets what the file says in `one`. Errors: those of read_file(); kCorrupt.
Result<void> read_case_result(const std::filesystem::path& file, RecordedCase& one);

}  // namespace tessera
