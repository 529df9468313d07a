// Any bytes as a sound file, WAV or another kind: opened, and its first samples read, as it is and
// as a file that may be cut off.
#include <cstdint>

#include "input_file.h"
#include "tessera/audio.h"

namespace {

void read_begin(const std::filesystem::path& path, bool allow_truncated) {
  constexpr int64_t kBlockFrames = 1024;
  constexpr int kMaxBlocks = 4;
  auto reader = tessera::AudioReader::open(path, {.allow_truncated = allow_truncated});
  for (int block = 0; reader && block < kMaxBlocks; ++block) {
    const auto audio = reader->read(kBlockFrames);
    if (!audio || audio->frames() < kBlockFrames) return;
    (void)tessera::check_finite(*audio, "fuzz").has_value();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tessera::InputFile file(data, size);
  read_begin(file.path(), false);
  read_begin(file.path(), true);
  return 0;
}
