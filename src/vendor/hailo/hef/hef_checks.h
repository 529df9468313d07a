// What HailoRT 4.23 would answer to a HEF before any device sees it.
#pragma once

#include <string>
#include <vector>

#include "vendor/hailo/hef/hef.h"

namespace tessera {

struct HefObjection {
  int status = 0;  // hailo_status
  std::string name;
  std::string why;
};

// Empty where it would load the file. Source: hailort/libhailort/src/hef/hef.cpp (v4.23.0).
std::vector<HefObjection> hef_objections(const Hef& hef);

}  // namespace tessera
