#include "backends/torch/torch_backend.h"

#include <dlfcn.h>

#include <filesystem>

#include <fmt/format.h>

#include "backends/torch/plugin_interface.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// Stands for the backend where the plugin cannot be had.
class AbsentTorchBackend : public Backend {
 public:
  explicit AbsentTorchBackend(std::string reason) : reason_(std::move(reason)) {}

  DeviceInfo probe() const override {
    return {.backend = "torch", .available = false, .description = "", .reason = reason_};
  }
  Arithmetic arithmetic() const override { return Arithmetic::float32; }
  Result<std::unique_ptr<Executable>> load(const Segment&) override {
    return TESSERA_ERROR(kUnavailable, "backend 'torch'", "is not available here", reason_);
  }

 private:
  std::string reason_;
};

std::unique_ptr<Backend> absent(std::string reason) {
  return std::make_unique<AbsentTorchBackend>(std::move(reason));
}

#ifdef TESSERA_PLUGIN_FOLDER_FROM_PROGRAM

// The plugin's path: in the folder the caller named, or beside the program, or where this library
// was to be installed. Empty if it is in none of them.
fs::path find_plugin(const std::string& folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  if (!folder.empty()) {
    folders.emplace_back(folder);
  } else {
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (!error) folders.push_back(program.parent_path() / TESSERA_PLUGIN_FOLDER_FROM_PROGRAM);
    folders.emplace_back(TESSERA_PLUGIN_FOLDER_INSTALLED);
  }
  for (const fs::path& candidate : folders) {
    if (fs::exists(candidate / torch_plugin::kFile, error)) return candidate / torch_plugin::kFile;
  }
  return {};
}

template <typename Function>
Function function_of(void* library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library, name));
}

// The library stays loaded for good: libtorch's threads and registries do not survive unloading.
std::unique_ptr<Backend> from_plugin(const fs::path& path, const BackendOptions& options) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return absent(fmt::format("{} (is libtorch installed?)", ::dlerror()));
  }
  using namespace torch_plugin;
  const auto plugin_identity = function_of<IdentityFunction>(library, kIdentityFunction);
  const auto make = function_of<MakeFunction>(library, kMakeFunction);
  if (plugin_identity == nullptr || make == nullptr || plugin_identity() != identity()) {
    return absent(fmt::format(
        "{} belongs to another build of Tessera; build and install both together", path.string()));
  }
  return std::unique_ptr<Backend>(make(&options));
}

std::unique_ptr<Backend> load_plugin(const BackendOptions& options) {
  const fs::path path = find_plugin(options.plugin_folder);
  if (path.empty()) {
    return absent(
        fmt::format("{} is not beside this program; install it with the program, or name "
                    "its folder",
                    torch_plugin::kFile));
  }
  return from_plugin(path, options);
}

#else

std::unique_ptr<Backend> load_plugin(const BackendOptions&) {
  return absent(
      "this build is without libtorch; install libtorch-dev and configure with -D "
      "TESSERA_TORCH=ON");
}

#endif

}  // namespace

std::unique_ptr<Backend> make_torch_backend(const BackendOptions& options) {
  return load_plugin(options);
}

}  // namespace tessera
