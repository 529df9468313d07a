#include "sweep/case_cache.h"

#include <unistd.h>

#include <atomic>

#include <fmt/format.h>

#include "base/system_error.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

Error cannot(const std::error_code& code, const fs::path& path, std::string_view action) {
  return system_error(code.value(), path.string(), action);
}

// The files of a folder into another one. Links where the file system has them: nobody writes into
// a file of a finished case. result.json is written anew, so that it is copied.
Result<void> copy_files(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  for (fs::directory_iterator entry(from, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (!entry->is_regular_file()) continue;
    const fs::path target = to / entry->path().filename();
    std::error_code not_linked;
    if (entry->path().filename() != "result.json")
      fs::create_hard_link(entry->path(), target, not_linked);
    if (entry->path().filename() == "result.json" || not_linked)
      fs::copy_file(entry->path(), target, failed);
    if (failed) return cannot(failed, target, "copy");
  }
  if (failed) return cannot(failed, from, "list");
  return {};
}

}  // namespace

Result<bool> fetch_cached_case(const fs::path& cache, const std::string& key,
                               const fs::path& folder) {
  std::error_code unknown;
  const fs::path found = cache / key;
  if (!fs::exists(found / "result.json", unknown)) return false;
  TESSERA_TRY_VOID(copy_files(found, folder));
  return true;
}

Result<void> keep_cached_case(const fs::path& cache, const std::string& key,
                              const fs::path& folder) {
  TESSERA_TRY_VOID(ensure_directory(cache));
  std::error_code failed;
  if (fs::exists(cache / key, failed)) return {};
  static std::atomic<int64_t> number{0};
  const fs::path made = cache / fmt::format(".{}.{}.{}", key, ::getpid(), number++);
  TESSERA_TRY_VOID(ensure_directory(made));
  const Result<void> copied = copy_files(folder, made);
  if (copied) {
    fs::rename(made, cache / key, failed);
    // Another worker was first: its copy is of the same content.
    if (!failed) return {};
  }
  fs::remove_all(made, failed);
  return copied;
}

}  // namespace tessera
