// The one list of backends: a new one is a folder beside this file, a copy of null/ to begin with,
// and a line in kBackends.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "backends/cpu/cpu_backend.h"
#include "backends/emulator/emulator_backend.h"
#include "backends/hailo/hailo_backend.h"
#include "backends/reference/reference_backend.h"
#include "backends/torch/torch_backend.h"
#include "base/threads/processors.h"
#include "tessera/backend.h"

namespace tessera {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Backend> (*make)(const BackendOptions& options);
  bool optional = false;
};

// More threads than processors wait for each other; this many do no harm and show races in tests.
constexpr int kMaxSpareThreads = 16;

constexpr Entry kBackends[] = {
    {"reference", make_reference_backend},
    {"emulator", make_emulator_backend},
    {"hailo", make_hailo_backend, /*optional=*/true},
    {"torch", make_torch_backend, /*optional=*/true},
    {"cpu", make_cpu_backend},
};

}  // namespace

std::string_view to_string(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::integer ? "integer" : "float32";
}

std::string_view default_backend(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::integer ? "emulator" : "cpu";
}

std::vector<std::string_view> backend_names() {
  std::vector<std::string_view> names;
  for (const Entry& entry : kBackends) names.push_back(entry.name);
  return names;
}

bool backend_is_optional(std::string_view name) {
  for (const Entry& entry : kBackends) {
    if (entry.name == name) return entry.optional;
  }
  return false;
}

Result<std::unique_ptr<Backend>> make_backend(std::string_view name,
                                              const BackendOptions& options) {
  if (options.threads < 0) {
    return TESSERA_ERROR(kInvalidArgument, "backend options",
                         fmt::format("{} threads make no sense", options.threads),
                         "use 0 for as many as the process may use, or a number from 1");
  }
  BackendOptions useful = options;
  useful.threads = std::min(options.threads, std::max(kMaxSpareThreads, cpu::usable_processors()));
  for (const Entry& entry : kBackends) {
    if (entry.name != name) continue;
    std::unique_ptr<Backend> backend = entry.make(useful);
    const DeviceInfo device = backend->probe();
    if (!device.available) {
      return TESSERA_ERROR(kUnavailable, fmt::format("backend '{}'", name), "is not available here",
                           device.reason);
    }
    return backend;
  }
  return TESSERA_ERROR(kInvalidArgument, fmt::format("backend '{}'", name), "is unknown",
                       fmt::format("known backends: {}", fmt::join(backend_names(), ", ")));
}

}  // namespace tessera
