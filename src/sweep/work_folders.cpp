#include "sweep/work_folders.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// Without dots, which separate the parts of a folder's name.
std::string host_name() {
  char host[256] = "";
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  std::string name = host;
  for (char& c : name) {
    if (c == '.' || c == '/') c = '_';
  }
  return name.empty() ? "host" : name;
}

// "CASE.HOST.PID.NUMBER": whether its process cannot want it any more.
bool is_abandoned(std::string_view name) {
  const size_t number = name.rfind('.');
  if (number == std::string_view::npos || number == 0) return false;
  const size_t process = name.rfind('.', number - 1);
  if (process == std::string_view::npos || process == 0) return false;
  const size_t host = name.rfind('.', process - 1);
  if (host == std::string_view::npos) return false;
  if (name.substr(host + 1, process - host - 1) != host_name()) return false;
  pid_t pid = 0;
  const std::string_view digits = name.substr(process + 1, number - process - 1);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  if (parsed.ec != std::errc() || pid <= 0) return false;
  return pid == ::getpid() || (::kill(pid, 0) != 0 && errno == ESRCH);
}

}  // namespace

Result<fs::path> work_folder(const fs::path& run, const std::string& name) {
  static std::atomic<int64_t> number{0};
  const fs::path folder =
      run / ".work" / fmt::format("{}.{}.{}.{}", name, host_name(), ::getpid(), number++);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  TESSERA_TRY_VOID(ensure_directory(folder));
  return folder;
}

void clear_work_folders(const fs::path& run) {
  std::error_code ignored;
  for (fs::directory_iterator entry(run / ".work", ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    std::error_code failed;
    if (is_abandoned(entry->path().filename().string())) fs::remove_all(entry->path(), failed);
  }
  fs::remove(run / ".work", ignored);
}

}  // namespace tessera
