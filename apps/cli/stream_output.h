// Where a stream's voices go: a file each, or interleaved raw samples on standard output.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "cli/command.h"
#include "cli/stream_input.h"
#include "tessera/result.h"

namespace tessera::cli {

using VoiceSpans = std::span<const std::span<const float>>;

class StreamOutput {
 public:
  virtual ~StreamOutput() = default;
  // Equally many samples of every voice. Errors: kNoSpace, kIo; those of AudioWriter.
  virtual Result<void> write(VoiceSpans voices) = 0;
  // Nobody reads any more: what follows is not wanted.
  virtual bool is_closed() const { return false; }
  // Everything is written: gives files their names. The document tells of every output; warns of
  // clipping.
  virtual Result<Document> finish(Console& console) = 0;
};

struct StreamOutputOptions {
  std::string path;  // "-": standard output; else a folder, made if missing
  RawFormat format = RawFormat::f32le;
  bool force = false;
  std::string stem;  // of files: STEM_s1.wav, ...
  int voices = 0;
  int sample_rate = 0;  // of files
};

// Files of floats for f32le, of 16 bits for s16le. Errors: those of AudioWriter::create().
Result<std::unique_ptr<StreamOutput>> open_stream_output(const StreamOutputOptions& options);

}  // namespace tessera::cli
