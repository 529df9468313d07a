#include "tessera/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <mutex>
#include <new>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/descriptor.h"
#include "base/system_error.h"
#include "base/text_bytes.h"
#include "base/write_all.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFirstBlockBytes = size_t{1} << 16;
constexpr int kPipePatienceMs = 2000;  // that a pipe may be without a writer
constexpr int kPipeStepMs = 20;
constexpr mode_t kAllReadWrite = 0666;  // less the umask

Error directory_error(const fs::path& path) {
  return TESSERA_ERROR(kInvalidArgument, path.string(), "is a directory, not a file",
                       "name a file in it");
}

Error not_a_folder_error(const fs::path& path) {
  return TESSERA_ERROR(kInvalidArgument, path.string(), "is a file, not a folder", "name a folder");
}

Error size_limit_error(const fs::path& path, uint64_t limit_bytes) {
  return TESSERA_ERROR(kResourceLimit, path.string(),
                       fmt::format("is larger than the limit of {} bytes", limit_bytes), "");
}

// `bytes` were read already.
Result<std::vector<uint8_t>> read_descriptor(int fd, const fs::path& path, uint64_t expected_bytes,
                                             uint64_t limit_bytes, std::vector<uint8_t> bytes) {
  size_t filled = bytes.size();
  size_t next_size = static_cast<size_t>(std::max<uint64_t>(expected_bytes + 1, kFirstBlockBytes));
  for (;;) {
    if (filled == bytes.size()) {
      bytes.resize(next_size);
      next_size = next_size + next_size / 2;
    }
    const ssize_t got = ::read(fd, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, path.string(), "read");
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    if (filled > limit_bytes) return size_limit_error(path, limit_bytes);
  }
  bytes.resize(filled);
  return bytes;
}

// The file that symbolic links stand for, there or not: it is written, and the links stay. Links in
// a circle end at one of them.
fs::path follow_links(fs::path path) {
  constexpr int kMaxLinks = 40;  // as the kernel follows
  for (int link = 0; link < kMaxLinks; ++link) {
    std::error_code is_no_link;
    const fs::path target = fs::read_symlink(path, is_no_link);
    if (is_no_link) break;
    path = path.parent_path() / target;
  }
  return path;
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

Error no_folder_error(const fs::path& folder) {
  return TESSERA_ERROR(kNotFound, folder.string(), "there is no such folder to write in",
                       "create it first");
}

// Whether files can be created in `folder`, as far as that is known without creating one.
Result<void> check_folder(const fs::path& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) {
    return errno == ENOENT ? no_folder_error(folder)
                           : system_error(errno, folder.string(), "write in this folder");
  }
  if (!S_ISDIR(info.st_mode)) return not_a_folder_error(folder);
  if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return system_error(errno, folder.string(), "create a file here");
  }
  return {};
}

Result<int> open_temporary(const fs::path& folder, fs::path& temporary) {
  for (int attempt = 0; attempt < 16; ++attempt) {
    uint64_t random = 0;
    if (::getrandom(&random, sizeof random, 0) != sizeof random) {
      return system_error(errno, folder.string(), "name a temporary file");
    }
    temporary = folder / fmt::format(".tessera-{:016x}.tmp", random);
    const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kAllReadWrite);
    if (fd >= 0) return fd;
    if (errno == ENOENT) break;  // it was there when it was checked: /proc, or just removed
    if (errno != EEXIST) return system_error(errno, folder.string(), "create a file here");
  }
  return TESSERA_ERROR(kIo, folder.string(), "no file can be created in this folder",
                       "name another folder");
}

// Renames without replacing. File systems without RENAME_NOREPLACE get a hard link, which refuses
// as well.
int rename_if_absent(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::link(from.c_str(), to.c_str()) != 0) return errno;
  ::unlink(from.c_str());
  return 0;
}

// Temporary files of this process, which whoever ends it early removes.
class UnfinishedFiles {
 public:
  static UnfinishedFiles& get() {
    static UnfinishedFiles files;
    return files;
  }

  Result<int> open_in(const fs::path& folder, fs::path& temporary) {
    const std::lock_guard lock(mutex_);
    if (ended_) return ending();
    TESSERA_TRY(const int descriptor, open_temporary(folder, temporary));
    names_.insert(temporary);
    return descriptor;
  }

  void remove(const fs::path& temporary) {
    const std::lock_guard lock(mutex_);
    if (names_.erase(temporary) > 0) ::unlink(temporary.c_str());
  }

  // `rename` gives it its name; 0 or an errno.
  Result<int> finish(const fs::path& temporary, const std::function<int()>& rename) {
    const std::lock_guard lock(mutex_);
    if (ended_) return ending();
    const int failed = rename();
    if (failed == 0) names_.erase(temporary);
    return failed;
  }

  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (const fs::path& name : names_) ::unlink(name.c_str());
    names_.clear();
  }

 private:
  static Error ending() { return TESSERA_ERROR(kCancelled, "", "the process is about to end", ""); }

  std::mutex mutex_;
  std::set<fs::path> names_;
  bool ended_ = false;
};

// The first byte of a pipe that was opened without blocking, or nothing where its writer wrote
// nothing; blocks from then on. Errors: kIo where nobody writes into it.
Result<std::vector<uint8_t>> first_of_pipe(int descriptor, const fs::path& path) {
  pollfd pipe{descriptor, POLLIN, 0};
  uint8_t first = 0;
  ssize_t got = 0;
  // 0: no writer has it open. EAGAIN: one has, and has not written yet.
  for (int waited_ms = 0; waited_ms < kPipePatienceMs; waited_ms += kPipeStepMs) {
    got = ::read(descriptor, &first, 1);
    if (got != 0) break;
    ::poll(&pipe, 1, kPipeStepMs);
    if ((pipe.revents & POLLHUP) != 0) ::usleep(kPipeStepMs * 1000);
  }
  if (got == 0) {
    return TESSERA_ERROR(kIo, path.string(), "is a pipe into which nobody writes",
                         "start what writes into it first, or name a file");
  }
  if (got < 0 && errno != EAGAIN) return system_error(errno, path.string(), "read");
  ::fcntl(descriptor, F_SETFL, O_RDONLY);
  return got > 0 ? std::vector<uint8_t>{first} : std::vector<uint8_t>{};
}

}  // namespace

Result<std::vector<uint8_t>> read_file(const fs::path& path, uint64_t limit_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return system_error(errno, path.string(), "open");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(errno, path.string(), "read");
  std::vector<uint8_t> begun;
  if (S_ISFIFO(info.st_mode)) {
    TESSERA_TRY(begun, first_of_pipe(file.get(), path));
  }
  if (S_ISDIR(info.st_mode)) return directory_error(path);
  if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {  // which may never end
    return TESSERA_ERROR(kUnsupported, path.string(), "is a device, not a file",
                         "save what it gives to a file first");
  }
  const uint64_t size = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
  if (size > limit_bytes) return size_limit_error(path, limit_bytes);
  try {
    return read_descriptor(file.get(), path, size, limit_bytes, std::move(begun));
  } catch (const std::bad_alloc&) {
    return TESSERA_ERROR(kResourceLimit, path.string(),
                         fmt::format("does not fit in memory ({} bytes)", size), "");
  }
}

Result<void> check_writable(const fs::path& path, WriteOptions options) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ELOOP || errno == ENAMETOOLONG) return system_error(errno, path.string(), "write");
    return check_folder(folder_of(follow_links(path)));
  }
  if (S_ISDIR(info.st_mode)) return directory_error(path);
  if (!S_ISREG(info.st_mode)) {
    return TESSERA_ERROR(kInvalidArgument, path.string(),
                         "is a device or pipe and cannot be replaced by a file",
                         "name a regular file");
  }
  if (!options.force) return system_error(EEXIST, path.string(), "write");
  return check_folder(folder_of(follow_links(path)));
}

Result<AtomicFile> AtomicFile::create(const fs::path& path, WriteOptions options) {
  if (path.empty() || !path.has_filename()) {
    return TESSERA_ERROR(kInvalidArgument, path.string(), "is not a file name", "name a file");
  }
  TESSERA_TRY_VOID(check_writable(path, options));
  AtomicFile file;
  file.path_ = follow_links(path);
  file.force_ = options.force;
  fs::path temporary;
  TESSERA_TRY(file.descriptor_, UnfinishedFiles::get().open_in(folder_of(file.path_), temporary));
  file.temporary_ = std::move(temporary);
  struct stat old {};
  if (::stat(file.path_.c_str(), &old) == 0) {
    // A replaced file keeps its permissions; failing to is no reason to fail.
    [[maybe_unused]] const int kept = ::fchmod(file.descriptor_, old.st_mode & 07777);
  }
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)),
      force_(other.force_) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this != &other) {
    discard();
    path_ = std::move(other.path_);
    temporary_ = std::exchange(other.temporary_, {});
    descriptor_ = std::exchange(other.descriptor_, -1);
    force_ = other.force_;
  }
  return *this;
}

AtomicFile::~AtomicFile() {
  discard();
}

void AtomicFile::discard() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  if (!temporary_.empty()) UnfinishedFiles::get().remove(temporary_);
  temporary_.clear();
}

Result<void> AtomicFile::write(std::span<const uint8_t> bytes) {
  TESSERA_CHECK(descriptor_ >= 0, "a sealed file takes no more data");
  return write_all(descriptor_, bytes, path_.string());
}

Result<void> AtomicFile::seal() {
  TESSERA_CHECK(descriptor_ >= 0, "a file is sealed once");
  if (::fsync(descriptor_) != 0 && errno != EINVAL && errno != ENOTSUP) {
    return system_error(errno, path_.string(), "write");
  }
  // Delayed write errors (NFS, quota) appear here at the latest.
  if (::close(std::exchange(descriptor_, -1)) != 0) {
    return system_error(errno, path_.string(), "write");
  }
  return {};
}

Result<void> AtomicFile::commit() {
  TESSERA_CHECK(!temporary_.empty(), "a file is committed once");
  if (descriptor_ >= 0) TESSERA_TRY_VOID(seal());
  TESSERA_TRY(const int failed, UnfinishedFiles::get().finish(temporary_, [&] {
    if (!force_) return rename_if_absent(temporary_, path_);
    return ::rename(temporary_.c_str(), path_.c_str()) == 0 ? 0 : errno;
  }));
  if (failed != 0) return system_error(failed, path_.string(), "write");
  temporary_.clear();
  const Descriptor directory(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0)
    ::fsync(directory.get());  // the name itself; the content is safe already
  return {};
}

void discard_unfinished_files() {
  UnfinishedFiles::get().end();
}

Result<AtomicFile> write_sealed(const fs::path& path, std::string_view text, WriteOptions options) {
  return write_sealed(path, bytes_of(text), options);
}

Result<AtomicFile> write_sealed(const fs::path& path, std::span<const uint8_t> bytes,
                                WriteOptions options) {
  TESSERA_TRY(AtomicFile file, AtomicFile::create(path, options));
  TESSERA_TRY_VOID(file.write(bytes));
  TESSERA_TRY_VOID(file.seal());
  return file;
}

Result<void> write_file_atomically(const fs::path& path, std::span<const uint8_t> bytes,
                                   WriteOptions options) {
  TESSERA_TRY(AtomicFile file, write_sealed(path, bytes, options));
  return file.commit();
}

Result<void> write_file_atomically(const fs::path& path, std::string_view text,
                                   WriteOptions options) {
  return write_file_atomically(path, bytes_of(text), options);
}

Result<void> write_file_atomically(const fs::path& path,
                                   const std::function<Result<void>(const fs::path&)>& write,
                                   WriteOptions options) {
  TESSERA_TRY(AtomicFile file, AtomicFile::create(path, options));
  TESSERA_TRY_VOID(write(file.temporary_path()));
  return file.commit();
}

Result<void> ensure_directory(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    return S_ISDIR(info.st_mode) ? Result<void>() : not_a_folder_error(path);
  }
  if (errno != ENOENT) return system_error(errno, path.string(), "create this folder");
  std::error_code failed;
  if (fs::is_symlink(path, failed)) {
    return TESSERA_ERROR(kNotFound, path.string(), "is a link to a folder that does not exist",
                         "create that folder first");
  }
  fs::create_directories(path, failed);
  if (failed) return system_error(failed.value(), path.string(), "create this folder");
  return {};
}

}  // namespace tessera
