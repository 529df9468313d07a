#include "pipeline/voice_spool.h"

#include <unistd.h>

#include <cerrno>

#include "base/nameless_file.h"
#include "base/system_error.h"
#include "base/write_all.h"

namespace tessera {
Result<VoiceSpool> VoiceSpool::create(const std::filesystem::path& folder) {
  VoiceSpool spool;
  spool.folder_ = folder.string();
  TESSERA_TRY(spool.file_, nameless_file(folder));
  return spool;
}

Result<void> VoiceSpool::append(std::span<const std::vector<float>> voices) {
  if (voices.empty() || voices.front().empty()) return {};
  for (const std::vector<float>& voice : voices) {
    const std::span bytes(reinterpret_cast<const uint8_t*>(voice.data()),
                          voice.size() * sizeof(float));
    TESSERA_TRY_VOID(write_all(file_.get(), bytes, folder_, "write a temporary file in"));
  }
  blocks_.push_back({voices.size(), voices.front().size()});
  return {};
}

Result<void> VoiceSpool::play(
    const std::function<Result<void>(std::vector<std::vector<float>>& voices)>& take) const {
  off_t at = 0;
  std::vector<std::vector<float>> voices;
  for (const Block& block : blocks_) {
    voices.resize(block.voices);
    for (std::vector<float>& voice : voices) {
      voice.resize(block.samples);
      auto* bytes = reinterpret_cast<char*>(voice.data());
      for (size_t left = block.samples * sizeof(float); left > 0;) {
        const ssize_t got = ::pread(file_.get(), bytes, left, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
          return system_error(got < 0 ? errno : EIO, folder_, "read a temporary file in");
        }
        bytes += got;
        at += got;
        left -= static_cast<size_t>(got);
      }
    }
    TESSERA_TRY_VOID(take(voices));
  }
  return {};
}

}  // namespace tessera
