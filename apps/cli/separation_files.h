// The files that a separation writes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/command_line.h"
#include "tessera/audio.h"
#include "tessera/result.h"

namespace tessera::cli {

struct OutputOptions {
  std::string folder;
  std::string container = "wav";
  std::string subtype = "default";
  bool force = false;
};

// -o, --format, --subtype, --force.
void add_output_options(CommandLine& app, OutputOptions& options);

struct SeparationJob {
  std::string input;
  std::vector<std::string> outputs;  // one per source
  bool replaces = false;             // voices of an earlier run, of which some are missing
};

// What open_writers would refuse, asked before the work. Makes the folder; no file stays, so that
// an interruption of the work leaves none.
Result<void> check_writers(const SeparationJob& job, int sample_rate, const OutputOptions& options);

// The files of a job under temporary names. Makes their folder.
Result<std::vector<AudioWriter>> open_writers(const SeparationJob& job, int sample_rate,
                                              const OutputOptions& options);

// Writes every voice, gives the files their names and returns what became of them; clipping is a
// warning.
Result<Document> write_voices(std::vector<AudioWriter> writers, const SeparationJob& job,
                              std::span<const std::vector<float>> voices, Console& console);

}  // namespace tessera::cli
