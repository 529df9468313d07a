// A log file, read in blocks.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/descriptor.h"
#include "base/system_error.h"
#include "vendor/hailo/log/explanation.h"

namespace tessera::hailo {

Result<LogExplanation> explain_log_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error(errno, path.string(), "open");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(errno, path.string(), "read");
  if (S_ISDIR(info.st_mode)) {
    return TESSERA_ERROR(kInvalidArgument, path.string(), "is a directory, not a log",
                         "name the files in it");
  }
  if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {  // which may never end
    return TESSERA_ERROR(kUnsupported, path.string(), "is a device, not a file",
                         "save what it gives to a file first");
  }
  LogExplainer explainer;
  std::array<char, size_t{64} << 10> block;
  for (;;) {
    const ssize_t n = ::read(file.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, path.string(), "read");
    if (n == 0) return explainer.finish();
    explainer.feed({block.data(), static_cast<size_t>(n)});
  }
}

}  // namespace tessera::hailo
