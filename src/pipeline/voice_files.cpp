#include <fmt/format.h>

#include "tessera/file.h"
#include "tessera/separator.h"

namespace tessera {

Result<std::vector<AudioWriteReport>> write_voices(std::span<AudioWriter> files,
                                                   std::span<const std::vector<float>> voices) {
  TESSERA_CHECK(files.size() == voices.size(), "a file for each voice");
  for (size_t i = 0; i < voices.size(); ++i) {
    const std::span<const float> channel(voices[i]);
    TESSERA_TRY_VOID(files[i].write({&channel, 1}));
  }
  return finish_voices(files);
}

Result<std::vector<AudioWriteReport>> finish_voices(std::span<AudioWriter> files) {
  for (AudioWriter& file : files) TESSERA_TRY_VOID(file.seal());
  std::vector<AudioWriteReport> reports;
  for (AudioWriter& file : files) {
    TESSERA_TRY(AudioWriteReport report, file.finish());
    reports.push_back(report);
  }
  return reports;
}

Result<std::vector<AudioWriteReport>> write_voices(const std::filesystem::path& folder,
                                                   const Separation& separation,
                                                   const AudioWriteOptions& options) {
  TESSERA_TRY_VOID(ensure_directory(folder));
  std::vector<AudioWriter> files;
  for (size_t i = 1; i <= separation.voices.size(); ++i) {
    TESSERA_TRY(AudioWriter file, AudioWriter::create(folder / fmt::format("voice_{}.wav", i),
                                                      separation.sample_rate, 1, options));
    files.push_back(std::move(file));
  }
  return write_voices(files, separation.voices);
}

}  // namespace tessera
