// Runs a fuzz harness on mutated inputs until one of them ends the process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "mutation.h"

namespace tessera {

struct HuntOptions {
  int seconds = 0;
  uint64_t seed = 1;
  size_t most_bytes = 4096;
  int most_seconds_each = 10;                 // an input that takes longer is a finding
  std::filesystem::path finding = "finding";  // where such an input is written
};

// Whether nothing was found; tells on stdout how many inputs there were, or what ended them.
bool hunt(std::vector<InputBytes> seeds, const HuntOptions& options);

}  // namespace tessera
