// Many recordings, several at the same time, told in their order.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/recording_options.h"
#include "cli/separation_files.h"
#include "tessera/audio.h"
#include "tessera/result.h"
#include "tessera/separator.h"

namespace tessera::cli {

// What it is called in texts.
std::string recording_name(const std::string& input);
// Where there is room for what comes out in the end; empty: the system's.
std::string scratch_folder(const OutputOptions& output);

struct SeparateRecordingOptions {
  RecordingOptions recordings;
  OutputOptions output;
  // Called with all voices of a recording before its files get their names; its errors end the
  // recording. Voices are kept in memory for it.
  std::function<Result<void>(const Separation&, std::span<const std::vector<float>>)> score = {};
};

struct SeparatedRecording {
  Separation separation;                // without voices
  std::vector<AudioWriteReport> files;  // by SeparationJob::outputs
  double seconds = 0;                   // without the check
};

// Called on the caller's thread.
struct BatchEvents {
  std::function<void(size_t job)> begins = {};  // before each, where one is done at a time
  // Of each job that began, in order. False: no further one begins.
  std::function<bool(size_t job, Result<SeparatedRecording> outcome)> ended;
};

// Reads, separates and writes `jobs`: as many at the same time as there are separators, each on a
// thread of its own; a single one works on the caller's. Errors of a job: those of AudioReader,
// Separator::separate() and VoiceFiles.
void separate_batch(std::span<Separator* const> separators, const SeparateRecordingOptions& options,
                    const std::vector<SeparationJob>& jobs, const BatchEvents& events);

}  // namespace tessera::cli
