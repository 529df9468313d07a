#include "pipeline/voice_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/system_error.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOwnerOnly = 0600;

// For file systems that make no file without a name.
int unlinked_file(const fs::path& folder) {
  std::string name = (folder / ".tessera-voices-XXXXXX").string();
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(name.c_str());
  return fd;
}

}  // namespace

Result<VoiceSpool> VoiceSpool::create(fs::path folder) {
  std::error_code none;
  if (folder.empty()) folder = fs::temp_directory_path(none);
  VoiceSpool spool;
  spool.folder_ = folder.string();
  int fd = ::open(spool.folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    fd = unlinked_file(folder);
  }
  if (fd < 0) return system_error(errno, spool.folder_, "write a temporary file in");
  spool.file_ = Descriptor(fd);
  return spool;
}

Result<void> VoiceSpool::append(std::span<const std::vector<float>> voices) {
  if (voices.empty() || voices.front().empty()) return {};
  for (const std::vector<float>& voice : voices) {
    const auto* bytes = reinterpret_cast<const char*>(voice.data());
    size_t left = voice.size() * sizeof(float);
    while (left > 0) {
      const ssize_t put = ::write(file_.get(), bytes, left);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return system_error(errno, folder_, "write a temporary file in");
      bytes += put;
      left -= static_cast<size_t>(put);
    }
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
