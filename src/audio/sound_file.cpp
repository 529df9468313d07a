#include "audio/sound_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/system_error.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxWavChunks = 10'000;
constexpr uint64_t kMaxOggPageBytes = 27 + 255 + 255 * 255;
constexpr uint32_t kLengthUnknown = 0xffffffff;

// Reads at `offset`; what lies beyond the end is left out.
std::string read_at(int fd, uint64_t offset, size_t bytes) {
  std::string data(bytes, '\0');
  size_t filled = 0;
  while (filled < bytes) {
    const ssize_t got =
        ::pread(fd, data.data() + filled, bytes - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  data.resize(filled);
  return data;
}

uint32_t little_endian_32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

Error truncated(const std::string& subject, std::string what) {
  return TESSERA_ERROR(kCorrupt, subject, "is truncated: " + std::move(what),
                       "get the whole file again");
}

// The names of what people try, so that the refusal can say it.
std::string_view name_of_other_kind(std::string_view head) {
  if (head.starts_with("ID3") || head.starts_with("\xff\xfb") || head.starts_with("\xff\xf3")) {
    return "MP3";
  }
  if (head.starts_with("FORM")) return "AIFF";
  if (head.starts_with(".snd")) return "AU";
  if (head.starts_with("caff")) return "CAF";
  if (head.starts_with("\x1a\x45\xdf\xa3")) return "Matroska or WebM";
  if (head.size() >= 8 && head.substr(4, 4) == "ftyp") return "MP4 or M4A";
  return "";
}

Result<SoundContainer> container_of(std::string_view head, const std::string& subject) {
  const bool wave = head.size() >= 12 && head.substr(8, 4) == "WAVE";
  if (wave && (head.starts_with("RIFF") || head.starts_with("RF64"))) return SoundContainer::kWav;
  if (head.starts_with("fLaC")) return SoundContainer::kFlac;
  if (head.starts_with("OggS")) return SoundContainer::kOgg;
  const std::string_view other = name_of_other_kind(head);
  const std::string what = other.empty() ? "is not a WAV, FLAC or Ogg file"
                                         : fmt::format("is {}; WAV, FLAC and Ogg are read", other);
  return TESSERA_ERROR(kUnsupported, subject, what,
                       fmt::format("convert it first: ffmpeg -i {} out.wav", subject));
}

// Walks the chunks to the samples and compares their announced size with the file's. RF64 keeps
// sizes elsewhere and is left to libsndfile. Returns whether the length is missing.
Result<bool> check_wav_length(int fd, uint64_t file_bytes, const std::string& subject) {
  uint64_t offset = 12;
  for (int chunk = 0; chunk < kMaxWavChunks; ++chunk) {
    const std::string header = read_at(fd, offset, 8);
    if (header.size() < 8) break;
    offset += 8;
    const uint64_t size = little_endian_32(std::string_view(header).substr(4));
    if (header.starts_with("data")) {
      const uint64_t present = file_bytes - offset;
      if (size == kLengthUnknown || (size == 0 && present > 0)) return true;
      if (size > present) {
        return truncated(
            subject,
            fmt::format("its header announces {} bytes of samples, {} are there", size, present));
      }
      return false;
    }
    offset += size + size % 2;
  }
  return truncated(subject, "it ends before its samples begin");
}

// The last page must be whole and marked as the last.
Result<void> check_ogg_end(int fd, uint64_t file_bytes, const std::string& subject) {
  const uint64_t tail_bytes = std::min(file_bytes, kMaxOggPageBytes);
  const std::string tail = read_at(fd, file_bytes - tail_bytes, tail_bytes);
  const size_t page = tail.rfind("OggS");
  if (page == std::string::npos || page + 27 > tail.size()) {
    return truncated(subject, "its last Ogg page is cut off");
  }
  const size_t segments = static_cast<uint8_t>(tail[page + 26]);
  size_t page_end = page + 27 + segments;
  for (size_t i = 0; i < segments && page + 27 + i < tail.size(); ++i) {
    page_end += static_cast<uint8_t>(tail[page + 27 + i]);
  }
  if (page_end > tail.size()) return truncated(subject, "its last Ogg page is cut off");
  constexpr uint8_t kEndOfStream = 4;
  if ((static_cast<uint8_t>(tail[page + 5]) & kEndOfStream) == 0) {
    return truncated(subject, "its last Ogg page is missing");
  }
  return {};
}

}  // namespace

Result<SoundFile> open_sound_file(const fs::path& path) {
  const std::string subject = path.string();
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0) return system_error(errno, subject, "open");
  struct stat info {};
  if (::fstat(descriptor.get(), &info) != 0) return system_error(errno, subject, "read");
  if (S_ISDIR(info.st_mode)) {
    return TESSERA_ERROR(kInvalidArgument, subject, "is a directory, not a file",
                         "name a file in it");
  }
  if (!S_ISREG(info.st_mode)) {
    return TESSERA_ERROR(kUnsupported, subject, "is a device or pipe, not a regular file",
                         "save it to a file first");
  }
  const auto file_bytes = static_cast<uint64_t>(info.st_size);
  if (file_bytes == 0) {
    return TESSERA_ERROR(kInvalidArgument, subject, "is empty (0 bytes)",
                         "record or export it again");
  }
  SoundFile file;
  TESSERA_TRY(file.container, container_of(read_at(descriptor.get(), 0, 12), subject));
  if (file.container == SoundContainer::kWav &&
      read_at(descriptor.get(), 0, 4) == std::string_view("RIFF")) {
    TESSERA_TRY(file.length_missing, check_wav_length(descriptor.get(), file_bytes, subject));
  }
  if (file.container == SoundContainer::kOgg) {
    TESSERA_TRY_VOID(check_ogg_end(descriptor.get(), file_bytes, subject));
  }
  file.descriptor = std::move(descriptor);
  return file;
}

std::string_view to_string(SoundContainer container) {
  switch (container) {
    case SoundContainer::kWav: return "WAV";
    case SoundContainer::kFlac: return "FLAC";
    case SoundContainer::kOgg: return "Ogg";
  }
  return "";
}

}  // namespace tessera
