// Words for options that name a backend.
#pragma once

#include <string>
#include <vector>

namespace tessera::cli {

// "auto" and every backend.
std::vector<std::string> backends_or_auto();

}  // namespace tessera::cli
