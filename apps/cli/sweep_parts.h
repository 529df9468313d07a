// The parts of `tessera sweep`: what its commands share.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/command.h"
#include "sweep/definition.h"
#include "sweep/sweep_runner.h"

namespace tessera::cli {

// Folders in which presets are looked for by name: installed beside the program
// (../share/tessera/presets), and the source tree of a build (../../../presets).
std::vector<std::filesystem::path> preset_folders();
// "{modules,stages,...,FILE.toml}".
std::string preset_type();

// list, show, new.
Result<Document> list_presets(Console& console);
struct ShowArguments {
  std::string preset;
  std::string profile;
  bool as_file = false;
};
Result<Document> show_preset(const ShowArguments& options, Console& console);
struct NewArguments {
  std::string file;
  bool force = false;
};
Result<Document> write_new_sweep(const NewArguments& options, Console& console);

// run-case, collect.
struct TaskArguments {
  std::string run;
  std::string name;
  std::string cache;
};
Result<Document> run_one_case(const TaskArguments& options, Console& console);
Result<Document> collect(const TaskArguments& options, Console& console);

// What a run made, as a document and for people.
Document sweep_document(const SweepRun& run, const SweepOutcome& outcome);
void print_outcome(const SweepRun& run, const SweepOutcome& outcome, Console& console);

}  // namespace tessera::cli
