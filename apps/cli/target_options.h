// Which target: by name, found beside the program, or by path.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "tessera/compiler/target.h"

namespace tessera::cli {

// Folders in which target files are looked for by name: installed beside the program
// (../share/tessera/targets), and the source tree of a build (../../../targets).
std::vector<std::filesystem::path> target_folders();

// TARGET, which must be given; the names of target_folders() are offered.
void add_target_name(CommandLine& app, std::string& name);
// --target with its help; `name` keeps its value as the default.
void add_target_option(CommandLine& app, std::string& name);

// Errors: those of find_target.
Result<Target> load_target(const std::string& name);

}  // namespace tessera::cli
