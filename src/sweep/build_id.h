// Which build of the program runs: two of one version may judge differently while it is written.
#pragma once

#include <string>

namespace tessera {

// The linker's identity of the running program, in hexadecimal; empty where it was linked without.
std::string program_build_id();

}  // namespace tessera
