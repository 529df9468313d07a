// Faults that the stand-in is asked for; README.md lists them.
#pragma once

#include <cstdint>
#include <string>

#include "backends/hailo/hailort_api.h"

namespace tessera::stand_in {

struct Fault {
  std::string kind;  // empty: none
  int64_t evaluation = -1;

  static Fault of_environment();
  bool is(const char* wanted) const { return kind == wanted; }
  // What opening a device gives.
  hailort::Status opening() const;
  // What reading a compiled file gives.
  hailort::Status reading() const;
};

hailort::Version version_of_environment();  // 4.22.0 by default

}  // namespace tessera::stand_in
