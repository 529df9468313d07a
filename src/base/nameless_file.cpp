#include "base/nameless_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "base/system_error.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOwnerOnly = 0600;

// For file systems that make no file without a name.
int unlinked_file(const fs::path& folder) {
  std::string name = (folder / ".tessera-XXXXXX").string();
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(name.c_str());
  return fd;
}

}  // namespace

Result<Descriptor> nameless_file(fs::path folder) {
  std::error_code none;
  if (folder.empty()) folder = fs::temp_directory_path(none);
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    fd = unlinked_file(folder);
  }
  if (fd < 0) return system_error(errno, folder.string(), "write a temporary file in");
  return Descriptor(fd);
}

}  // namespace tessera
