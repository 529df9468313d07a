#include "cli/machine.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>

namespace tessera::cli {
namespace {

// The number after "key:" in a file of such lines, in KiB as the kernel writes it.
int64_t meminfo_bytes(const std::string& key) {
  std::ifstream file("/proc/meminfo");
  std::string word;
  int64_t kib = 0;
  while (file >> word) {
    if (word == key + ":" && file >> kib) return kib * 1024;
    std::getline(file, word);
  }
  return 0;
}

// A control group file with one number; "max" means none.
std::optional<int64_t> number_in(const char* path) {
  std::ifstream file(path);
  int64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

}  // namespace

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name") && !line.starts_with("Model")) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

int usable_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

int64_t total_memory_bytes() {
  return meminfo_bytes("MemTotal");
}

int64_t usable_memory_bytes() {
  int64_t usable = meminfo_bytes("MemAvailable");
  const auto limit = number_in("/sys/fs/cgroup/memory.max");
  if (limit) {
    const int64_t left = *limit - number_in("/sys/fs/cgroup/memory.current").value_or(0);
    usable = usable == 0 ? left : std::min(usable, left);
  }
  return std::max<int64_t>(usable, 0);
}

int64_t peak_memory_bytes() {
  rusage usage{};
  return ::getrusage(RUSAGE_SELF, &usage) == 0 ? int64_t{usage.ru_maxrss} * 1024 : 0;
}

}  // namespace tessera::cli
