#include "audio/sound_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/descriptor.h"
#include "base/system_error.h"

namespace tessera {

Result<SoundFile> open_sound_file(const std::filesystem::path& path) {
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
  if (info.st_size == 0) {
    return TESSERA_ERROR(kInvalidArgument, subject, "is empty (0 bytes)",
                         "record or export it again");
  }
  SoundFile file;
  file.bytes = SoundBytes(std::move(descriptor), static_cast<uint64_t>(info.st_size));
  const std::string head = file.bytes.read_at(id3_tag_bytes(file.bytes), kContainerHeadBytes);
  if (const int failed = file.bytes.error_number(); failed != 0) {
    return system_error(failed, subject, "read");
  }
  TESSERA_TRY(file.container, container_of(head, subject));
  TESSERA_TRY(file.extent, find_sample_extent(file.container, file.bytes, subject));
  return file;
}

}  // namespace tessera
