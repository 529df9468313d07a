// The folder of all runs: --runs, else the environment's, else ./runs.
#pragma once

#include <filesystem>
#include <string>

#include "cli/command_line.h"
#include "cli/console.h"
#include "evidence/runs/run_index.h"
#include "tessera/result.h"

namespace tessera::cli {

// `folder` must live until the line is parsed.
void add_runs_option(CommandLine& app, std::string& folder);

// `folder` as --runs gave it, maybe empty.
std::filesystem::path runs_folder(const std::string& folder);

// The index over it, up to date; its remarks go to the console. Where nobody named a folder and
// ./runs does not exist, there are no runs. Errors: those of RunIndex::open().
Result<RunIndex> open_runs(const std::string& folder, Console& console);

}  // namespace tessera::cli
