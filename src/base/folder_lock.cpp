#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <utility>

#include "base/system_error.h"

namespace tessera {

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  constexpr mode_t kAllReadWrite = 0666;  // less the umask
  const std::filesystem::path path = folder / ".lock";
  Descriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kAllReadWrite));
  if (file.get() < 0) return system_error(errno, path.string(), "lock");
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return system_error(errno, path.string(), "lock");
    return TESSERA_ERROR(kUnavailable, folder.string(), "another run writes into this folder",
                         "wait for its end, or give another folder");
  }
  return FolderLock(std::move(file));
}

}  // namespace tessera
