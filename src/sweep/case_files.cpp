#include "sweep/case_files.h"

#include <fcntl.h>

#include <cerrno>

#include "base/descriptor.h"
#include "base/system_error.h"
#include "base/text_bytes.h"
#include "base/write_all.h"

namespace tessera {

Result<void> write_case_file(const std::filesystem::path& path, std::span<const uint8_t> bytes) {
  constexpr mode_t kAllReadWrite = 0666;  // less the umask
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kAllReadWrite));
  if (file.get() < 0) return system_error(errno, path.string(), "write");
  return write_all(file.get(), bytes, path.string());
}

Result<void> write_case_file(const std::filesystem::path& path, std::string_view text) {
  return write_case_file(path, bytes_of(text));
}

}  // namespace tessera
