#include "vendor/step_store.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "base/descriptor.h"
#include "base/hash.h"
#include "base/json_fields.h"
#include "base/system_error.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRecord = "step.json";
constexpr uint64_t kMaxRecordBytes = uint64_t{1} << 20;

// The record of a folder; nullopt where it is not the one that was finished.
std::optional<StoredStep> read_record(const fs::path& folder) {
  const auto bytes = read_file(folder / kRecord, kMaxRecordBytes);
  if (!bytes) return std::nullopt;
  const auto json = parse_json(*bytes, kRecord.data());
  if (!json) return std::nullopt;
  const auto fields = JsonFields::of(*json, std::string(kRecord));
  if (!fields) return std::nullopt;
  const auto succeeded = fields->boolean("succeeded");
  const auto end = fields->text("end");
  const auto output = fields->text("output");
  const auto hash = fields->text("hash");
  const auto seconds = fields->number("seconds");
  if (!succeeded || !end || !output || !hash || !seconds) return std::nullopt;
  if (output->find('/') != std::string::npos) return std::nullopt;
  if (*succeeded) {
    const auto now = hash_of_file(folder / *output);
    if (!now || *now != *hash) return std::nullopt;
  }
  return StoredStep{folder, *succeeded, *end, *output, *seconds};
}

void remove_quietly(const fs::path& folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

// "work-KEY-PID-NUMBER" of a process that is gone.
bool is_left_behind(const std::string& name) {
  const size_t last = name.rfind('-');
  if (!name.starts_with("work-") || last == std::string::npos || last == 0) return false;
  const size_t before = name.rfind('-', last - 1);
  pid_t process = 0;
  const auto [end, error] = std::from_chars(name.data() + before + 1, name.data() + last, process);
  if (error != std::errc() || end != name.data() + last || process <= 0) return false;
  return ::kill(process, 0) != 0 && errno == ESRCH;
}

void remove_what_is_left_behind(const fs::path& folder) {
  std::error_code unknown;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, unknown)) {
    if (is_left_behind(entry.path().filename().string())) found.push_back(entry.path());
  }
  for (const fs::path& one : found) remove_quietly(one);
}

}  // namespace

Result<std::string> hash_of_file(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error(errno, path.string(), "open");
  ContentHasher hasher;
  std::vector<uint8_t> block(size_t{1} << 20);
  for (;;) {
    const ssize_t n = ::read(file.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, path.string(), "read");
    if (n == 0) return hasher.hex();
    hasher.update(std::span<const uint8_t>(block.data(), static_cast<size_t>(n)));
  }
}

Result<StepStore> StepStore::open(const fs::path& folder) {
  TESSERA_TRY_VOID(ensure_directory(folder));
  StepStore store;
  store.folder_ = fs::absolute(folder);
  remove_what_is_left_behind(store.folder_);
  return store;
}

Result<std::optional<StoredStep>> StepStore::find(const std::string& key) const {
  std::error_code unknown;
  if (!fs::exists(place(key), unknown)) return std::optional<StoredStep>();
  std::optional<StoredStep> found = read_record(place(key));
  if (!found) remove_quietly(place(key));
  return found;
}

Result<fs::path> StepStore::begin(const std::string& key) const {
  static std::atomic<int> count{0};
  const fs::path work = folder_ / fmt::format("work-{}-{}-{}", key, ::getpid(), count.fetch_add(1));
  remove_quietly(work);
  TESSERA_TRY_VOID(ensure_directory(work));
  return work;
}

Result<StoredStep> StepStore::finish(const std::string& key, const fs::path& work,
                                     StoredStep step) const {
  std::string hash;
  if (step.succeeded) {
    TESSERA_TRY(hash, hash_of_file(work / step.output));
  }
  const Json record = {{"succeeded", step.succeeded},
                       {"end", step.end},
                       {"output", step.output},
                       {"hash", hash},
                       {"seconds", step.seconds}};
  TESSERA_TRY_VOID(
      write_file_atomically(work / kRecord, std::string_view(print_json(record)), {.force = true}));
  if (::rename(work.c_str(), place(key).c_str()) != 0) {
    const int error = errno;
    // Another process finished the same step meanwhile.
    const auto other = read_record(place(key));
    remove_quietly(work);
    if (other) return *other;
    return system_error(error, place(key).string(), "write");
  }
  step.folder = place(key);
  return step;
}

void StepStore::drop(const fs::path& work) const {
  remove_quietly(work);
}
void StepStore::forget(const std::string& key) const {
  remove_quietly(place(key));
}

}  // namespace tessera
