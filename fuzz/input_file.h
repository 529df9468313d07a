// The bytes of an input as a file, for readers that take a path.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/descriptor.h"
#include "tessera/result.h"

namespace tessera {

// Lies in memory, and is gone with the object.
class InputFile {
 public:
  InputFile(const uint8_t* data, size_t size) : file_(::memfd_create("input", MFD_CLOEXEC)) {
    const ssize_t written = ::write(file_.get(), data, size);
    TESSERA_CHECK(written == static_cast<ssize_t>(size), "memory holds the input");
  }

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }

 private:
  Descriptor file_;
};

}  // namespace tessera
