// Which recordings a separation reads and which files it makes of them, settled before any work.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/separation_files.h"
#include "tessera/result.h"

namespace tessera::cli {

struct InputOptions {
  std::vector<std::string> inputs;  // recordings, and folders of them
  bool recursive = false;
  bool skip_existing = false;
};

// INPUT, --recursive, --skip-existing. After add_output_options().
void add_input_options(CommandLine& app, InputOptions& options);

struct SeparationPlan {
  std::vector<SeparationJob> jobs;
  std::vector<std::string> existing;  // recordings whose voices are all there (--skip-existing)
  std::vector<std::string> skipped;   // files in folders that are no recordings
  std::vector<std::string> voices;    // of those, found in a folder of recordings
  int64_t hidden = 0;                 // files and folders

  // What was left out, one sentence each.
  std::vector<std::string> notes() const;
  void add_to(Document& document) const;
};

// Expands folders and names every output: OUTPUT/<name>_s1.wav, and OUTPUT/<folder>/<name>_s1.wav
// for a recording that --recursive found in a folder of the input. Creates nothing. Errors:
// kInvalidArgument where two recordings would write one file, or an output is an input;
// kAlreadyExists; kNotFound for a folder without recordings.
Result<SeparationPlan> plan_separation(const InputOptions& inputs, int sources,
                                       const OutputOptions& options);

}  // namespace tessera::cli
