#include "base/write_all.h"

#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/system_error.h"

namespace tessera {

Result<void> write_all(int descriptor, std::span<const uint8_t> bytes, std::string_view subject,
                       std::string_view action) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error(errno, subject, action);
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return {};
}

Result<void> copy_all(int source, std::string_view source_subject, int descriptor,
                      std::string_view subject, std::string_view action) {
  std::vector<uint8_t> block(size_t{1} << 16);
  for (;;) {
    const ssize_t got = ::read(source, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, source_subject, "read");
    if (got == 0) return {};
    TESSERA_TRY_VOID(
        write_all(descriptor, std::span(block).first(static_cast<size_t>(got)), subject, action));
  }
}

}  // namespace tessera
