// Whole files in and out: reading up to a stated size, writing so that a reader never sees half a
// file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

// Reads all of `path`. Works for pipes too (they are read until they end or the limit is hit).
// Errors: kNotFound; kInvalidArgument for a directory; kUnsupported for a device or socket;
// kResourceLimit beyond `limit_bytes`; kIo.
Result<std::vector<uint8_t>> read_file(const std::filesystem::path& path, uint64_t limit_bytes);

struct WriteOptions {
  bool force = false;  // replace a file that is already there
};

// A file under construction: it has a temporary name in the folder of `path` until `commit` gives
// it its real one, so `path` holds either what it held before or all of the new content. Dropped
// without commit, nothing is left behind.
class AtomicFile {
 public:
  // Errors: kAlreadyExists if `path` exists and force is off; kNotFound if its folder does not
  // exist; kInvalidArgument if `path` is a directory or a device; kIo; kNoSpace.
  static Result<AtomicFile> create(const std::filesystem::path& path, WriteOptions options);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  // Appends. Errors: kNoSpace, kIo.
  Result<void> write(std::span<const uint8_t> bytes);

  // For libraries that write by descriptor (kept open and owned here) or by path.
  int descriptor() const { return descriptor_; }
  const std::filesystem::path& temporary_path() const { return temporary_; }
  const std::filesystem::path& path() const { return path_; }

  // Flushes to the disk and closes, before `commit` or as its first step: what a full disk refuses,
  // it refuses here. Files that are to appear together are all sealed before the first is
  // committed. Nothing may be written afterwards.
  Result<void> seal();

  // Flushes to the disk and gives the file its name. If another program created `path` meanwhile
  // and force is off, that file stays and this is kAlreadyExists. Nothing may be written
  // afterwards.
  Result<void> commit();

 private:
  AtomicFile() = default;
  void discard();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  bool force_ = false;
};

// For a process that is about to end: removes what every AtomicFile has written and not committed.
// Afterwards none is created or committed any more (kCancelled).
void discard_unfinished_files();

// AtomicFile::create + write + seal: complete, but for its name.
Result<AtomicFile> write_sealed(const std::filesystem::path& path, std::span<const uint8_t> bytes,
                                WriteOptions options = {});
Result<AtomicFile> write_sealed(const std::filesystem::path& path, std::string_view text,
                                WriteOptions options = {});

// AtomicFile::create + write + commit.
Result<void> write_file_atomically(const std::filesystem::path& path,
                                   std::span<const uint8_t> bytes, WriteOptions options = {});
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view text,
                                   WriteOptions options = {});

// For libraries that insist on writing by path themselves: `write` gets the temporary path, which
// holds an empty file.
Result<void> write_file_atomically(
    const std::filesystem::path& path,
    const std::function<Result<void>(const std::filesystem::path& temporary)>& write,
    WriteOptions options = {});

// The refusal that `create` would give because of what lies at `path` or around it, without
// creating anything: for commands that compute for long and want to say so first.
Result<void> check_writable(const std::filesystem::path& path, WriteOptions options);

// Creates `path` and its parents if missing. Errors: kInvalidArgument if a file is in the way;
// kNotFound for a link to nothing; kIo; kNoSpace.
Result<void> ensure_directory(const std::filesystem::path& path);

}  // namespace tessera
