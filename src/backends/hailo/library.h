// libhailort, opened when it is needed.
#pragma once

#include <string>

#include "backends/hailo/hailort_api.h"
#include "tessera/result.h"

namespace tessera::hailort {

// Names the library's file instead of the system's libhailort.so.
inline constexpr const char* kLibraryVariable = "TESSERA_HAILORT";

struct Library {
  std::string path;
  Version version{};
  Functions call;
};

// Opened once for the process and never closed, as its threads do not end. Errors: kNotFound where
// there is none; kUnavailable where it cannot be opened, lacks a function, or is of another version
// than 4.20 to 4.23.
Result<const Library*> open_library();

std::string to_string(const Version& version);  // "4.22.0"

}  // namespace tessera::hailort
