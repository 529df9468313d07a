// Several cases at once.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <string>
#include <thread>

#include "vendor/hailo/dfc/dfc_case.h"

namespace tessera::hailo {
namespace {

// What one run of the compiler was seen to take, and more.
constexpr int64_t kBytesPerCase = int64_t{8} << 30;

int64_t free_memory_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  int64_t kib = 0;
  for (std::string unit; file >> key >> kib; std::getline(file, unit)) {
    if (key == "MemAvailable:") return kib << 10;
  }
  return 0;
}

}  // namespace

int dfc_jobs() {
  const int64_t by_memory = free_memory_bytes() / kBytesPerCase;
  const int64_t by_processors = std::thread::hardware_concurrency() / 2;
  return static_cast<int>(std::clamp<int64_t>(std::min(by_memory, by_processors), 1, 64));
}

std::vector<Result<DfcResult>> run_dfc_cases(const std::vector<DfcCase>& cases,
                                             const DfcOptions& options, const std::string& version,
                                             int jobs) {
  std::vector<Result<DfcResult>> results;
  for (size_t i = 0; i < cases.size(); ++i) {
    results.push_back(TESSERA_ERROR(kCancelled, cases[i].name, "not begun", "run it again"));
  }
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next.fetch_add(1); i < cases.size(); i = next.fetch_add(1)) {
      if (options.is_cancelled && options.is_cancelled()) return;
      results[i] = run_dfc_case(cases[i], options, version);
    }
  };
  std::vector<std::thread> others;
  const size_t wanted = std::min(cases.size(), static_cast<size_t>(std::max(1, jobs)));
  for (size_t i = 1; i < wanted; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  return results;
}

}  // namespace tessera::hailo
