// What this machine offers the process: processor, cores, memory.
#pragma once

#include <cstdint>
#include <string>

namespace tessera::cli {

std::string processor_name();  // "" where the system does not tell
int usable_threads();          // cores this process may run on

int64_t total_memory_bytes();  // 0 where the system does not tell
// What can still be had without swapping, control group limits included; 0 where unknown.
int64_t usable_memory_bytes();
// The most this process has held so far.
int64_t peak_memory_bytes();

}  // namespace tessera::cli
