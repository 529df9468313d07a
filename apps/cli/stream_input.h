// Where a stream's samples come from: a sound file, or raw samples from standard input or a file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/interrupt.h"
#include "cli/recording_options.h"
#include "tessera/audio.h"
#include "tessera/result.h"

namespace tessera::cli {

enum class RawFormat : uint8_t { f32le, s16le };
int64_t bytes_per_sample(RawFormat format);

struct StreamInputOptions {
  std::string path;  // "-": standard input
  std::optional<RawFormat> format;
  int64_t chunk = 0;  // samples taken at a time, at most
  RecordingOptions recording;
};

class StreamInput {
 public:
  virtual ~StreamInput() = default;
  // The next samples of one channel; empty at the end, or when `stop` is wanted. Waits as long as
  // nothing comes. Errors: kCorrupt for raw bytes that end within a sample, once the samples before
  // were returned; those of AudioReader.
  virtual Result<std::vector<float>> read(const Interrupt& stop) = 0;
  // In Hz, where the file tells.
  virtual std::optional<int> sample_rate() const = 0;
};

// Errors: kInvalidArgument for several channels without --channel; those of AudioReader.
Result<std::unique_ptr<StreamInput>> open_stream_input(const StreamInputOptions& options);

}  // namespace tessera::cli
