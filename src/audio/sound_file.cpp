#include "audio/sound_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include <fmt/format.h>

#include "base/descriptor.h"
#include "base/system_error.h"

namespace tessera {

namespace {

Result<Descriptor> opened(const std::filesystem::path& path) {
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0) return system_error(errno, path.string(), "open");
  return descriptor;
}

Result<SoundBytes> bytes_of(Descriptor descriptor, const std::string& subject) {
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
  if (info.st_size == 0) {
    return TESSERA_ERROR(kInvalidArgument, subject, "is empty (0 bytes)",
                         "record or export it again");
  }
  return SoundBytes(std::move(descriptor), static_cast<uint64_t>(info.st_size));
}

}  // namespace

Result<SoundFile> open_sound_file(Descriptor descriptor, const std::string& subject) {
  SoundFile file;
  TESSERA_TRY(file.bytes, bytes_of(std::move(descriptor), subject));
  const std::string head = file.bytes.read_at(id3_tag_bytes(file.bytes), kContainerHeadBytes);
  if (const int failed = file.bytes.error_number(); failed != 0) {
    return system_error(failed, subject, "read");
  }
  TESSERA_TRY(file.container, container_of(head, subject));
  TESSERA_TRY(file.extent, find_sample_extent(file.container, file.bytes, subject));
  return file;
}

Result<SoundFile> open_raw_sound(Descriptor descriptor, int64_t frame_bytes, bool allow_truncated,
                                 const std::string& subject) {
  SoundFile file;
  TESSERA_TRY(file.bytes, bytes_of(std::move(descriptor), subject));
  file.container = SoundContainer::kRaw;
  const auto rest = static_cast<int64_t>(file.bytes.size()) % frame_bytes;
  if (rest != 0 && !allow_truncated) {
    return TESSERA_ERROR(
        kCorrupt, subject,
        fmt::format("ends in the middle of a sample: {} bytes are {} more than whole frames of {} "
                    "bytes",
                    file.bytes.size(), rest, frame_bytes),
        "check the format and the number of channels; AudioReadOptions::allow_truncated takes what "
        "is there");
  }
  return file;
}

Result<SoundFile> open_sound_file(const std::filesystem::path& path) {
  TESSERA_TRY(Descriptor descriptor, opened(path));
  return open_sound_file(std::move(descriptor), path.string());
}

Result<SoundFile> open_raw_sound(const std::filesystem::path& path, int64_t frame_bytes,
                                 bool allow_truncated) {
  TESSERA_TRY(Descriptor descriptor, opened(path));
  return open_raw_sound(std::move(descriptor), frame_bytes, allow_truncated, path.string());
}

}  // namespace tessera
