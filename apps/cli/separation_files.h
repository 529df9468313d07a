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

// As an input and as an output folder: standard input, standard output.
inline constexpr std::string_view kStandardStream = "-";

// -o, --format, --subtype, --force.
void add_output_options(CommandLine& app, OutputOptions& options);

struct SeparationJob {
  std::string input;
  std::vector<std::string> outputs;  // one per source; kStandardStream alone: all of them there
  bool replaces = false;             // voices of an earlier run, of which some are missing
};

// The voices of a job, under temporary names until all are complete: a file for each, or one of as
// many channels that goes to standard output.
class VoiceFiles {
 public:
  // Neither `job` nor `options` is copied. Makes the folder, and no file before the first voices
  // come, so that an interruption of the work leaves none.
  VoiceFiles(const SeparationJob& job, int sample_rate, int voices, const OutputOptions& options)
      : job_(job), sample_rate_(sample_rate), voices_(voices), options_(options) {}

  // What write() would refuse, asked before the work.
  Result<void> check() const;
  // The next samples of every voice.
  Result<void> write(std::span<const std::vector<float>> voices);
  // Gives the files their names.
  Result<std::vector<AudioWriteReport>> finish();

 private:
  Result<std::vector<AudioWriter>> open() const;
  bool to_standard_output() const { return options_.folder == kStandardStream; }

  const SeparationJob& job_;
  int sample_rate_;
  int voices_;
  const OutputOptions& options_;
  std::vector<AudioWriter> writers_;
};

// What became of a job's files; clipping is a warning.
Document document_of(const SeparationJob& job, std::span<const AudioWriteReport> files,
                     Console& console);

}  // namespace tessera::cli
