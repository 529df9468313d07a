#include "backends/hailo/library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <fmt/format.h>

namespace tessera::hailort {
namespace {

constexpr const char* kSubject = "HailoRT";

// Packages install the plain name with their development files only; the library's own soname is
// its whole version.
std::vector<std::string> library_names() {
  const char* named = std::getenv(kLibraryVariable);  // NOLINT(concurrency-mt-unsafe): read only
  if (named != nullptr && *named != '\0') return {named};
  return {"libhailort.so",        "libhailort.so.4.23.0", "libhailort.so.4.22.0",
          "libhailort.so.4.21.0", "libhailort.so.4.20.1", "libhailort.so.4.20.0",
          "libhailort.so.4"};
}

// `why` is empty where no file of these names was found.
Error absent(const std::vector<std::string>& names, const std::string& why) {
  if (names.size() == 1) {
    return TESSERA_ERROR(kUnavailable, names.front(), fmt::format("cannot be opened: {}", why),
                         fmt::format("correct or unset {}", kLibraryVariable));
  }
  if (!why.empty()) {
    return TESSERA_ERROR(kUnavailable, kSubject, fmt::format("cannot be opened: {}", why),
                         "install what the library needs, or the library again");
  }
  return TESSERA_ERROR(
      kNotFound, kSubject, "is not installed: there is no libhailort.so",
      fmt::format("install HailoRT 4.{} to 4.{} from the vendor (hailo.ai, Developer Zone), or set "
                  "{} to its libhailort.so",
                  kOldestMinor, kNewestMinor, kLibraryVariable));
}

// The first function that the library lacks; empty: it has all of them.
std::string find_functions(void* handle, Functions& functions) {
  std::string missing;
#define TESSERA_HAILORT_FIND(name, result, parameters)                                    \
  functions.name = reinterpret_cast<result(*) parameters>(dlsym(handle, "hailo_" #name)); \
  if (functions.name == nullptr && missing.empty()) missing = "hailo_" #name;
  TESSERA_HAILORT_FUNCTIONS(TESSERA_HAILORT_FIND)
#undef TESSERA_HAILORT_FIND
  return missing;
}

Result<void> check_version(const Library& library) {
  const Version& version = library.version;
  if (version.major == 4 && version.minor >= kOldestMinor && version.minor <= kNewestMinor)
    return {};
  const std::string known = fmt::format("4.{} to 4.{}", kOldestMinor, kNewestMinor);
  return TESSERA_ERROR(
      kUnavailable, library.path,
      fmt::format("is HailoRT {}; this backend knows {}", to_string(version), known),
      version.major > 4 ? fmt::format("HailoRT {} and later serve Hailo-10 and Hailo-15; install "
                                      "{} for Hailo-8 and Hailo-8L",
                                      version.major, known)
                        : fmt::format("install HailoRT {}", known));
}

Result<std::unique_ptr<Library>> load(const std::vector<std::string>& names) {
  void* handle = nullptr;
  std::string why;
  auto library = std::make_unique<Library>();
  for (const std::string& name : names) {
    handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    library->path = name;
    if (handle != nullptr) break;
    const std::string error = ::dlerror();
    const bool is_missing = error.starts_with(name + ": cannot open shared object file");
    if (why.empty() && (!is_missing || names.size() == 1)) why = error;
  }
  if (handle == nullptr) return absent(names, why);
  const std::string missing = find_functions(handle, library->call);
  if (library->call.get_library_version != nullptr)
    library->call.get_library_version(&library->version);
  TESSERA_TRY_VOID(check_version(*library));
  if (missing.empty()) return library;
  return TESSERA_ERROR(
      kUnavailable, library->path,
      fmt::format("says it is HailoRT {} and lacks {}", to_string(library->version), missing),
      "install the vendor's library again");
}

}  // namespace

std::string to_string(const Version& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.revision);
}

Result<const Library*> open_library() {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Library>> opened;
  const std::vector<std::string> names = library_names();
  const std::scoped_lock lock(mutex);
  std::unique_ptr<Library>& library = opened[names.front()];
  if (!library) {
    TESSERA_TRY(library, load(names));
  }
  return static_cast<const Library*>(library.get());
}

}  // namespace tessera::hailort
