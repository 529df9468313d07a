#include "cli/runs_folder.h"

#include <fmt/format.h>

#include <cstdlib>

namespace tessera::cli {

namespace fs = std::filesystem;

namespace {

const char* runs_of_environment() {
  const char* named = std::getenv("TESSERA_RUNS");
  return named != nullptr && *named != '\0' ? named : nullptr;
}

}  // namespace

void add_runs_option(CommandLine& app, std::string& folder) {
  app.add_option("--runs", folder, "The folder of all runs; default: $TESSERA_RUNS, else ./runs")
      ->type_name("DIR");
}

fs::path runs_folder(const std::string& folder) {
  if (!folder.empty()) return folder;
  const char* named = runs_of_environment();
  return named != nullptr ? named : "runs";
}

Result<RunIndex> open_runs(const std::string& folder, Console& console) {
  const fs::path root = runs_folder(folder);
  std::error_code ignored;
  if (folder.empty() && runs_of_environment() == nullptr && !fs::exists(root, ignored)) {
    console.note("there is no folder ./runs yet: --runs DIR names another");
    return RunIndex::empty(root);
  }
  auto index = RunIndex::open(root);
  if (!index) return index;
  for (const std::string& note : index->notes()) console.note(note);
  return index;
}

}  // namespace tessera::cli
