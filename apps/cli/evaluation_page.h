// The page of tessera eval: what the worst mixtures sound like.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evaluate/evaluation.h"
#include "tessera/result.h"

namespace tessera::cli {

inline constexpr size_t kWorstMixtures = 10;

// Writes recordings of the worst mixtures into FOLDER/worst, and FOLDER/report.html, which plays
// them beside the picture `drawing`. Errors: those of Evaluator::listen() and of writing.
Result<void> write_evaluation_page(const std::filesystem::path& folder, Evaluator& evaluator,
                                   const Evaluation& evaluation,
                                   const std::vector<std::string>& models,
                                   const std::string& drawing);

}  // namespace tessera::cli
