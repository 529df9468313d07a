// A file system that holds next to nothing, for tests of a full disk.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

namespace tessera {

enum class FullDiskOutcome { kHeld, kFailed, kCannotMount };

// Runs `claim` in a child process that sees a 64 KiB file system at `folder`: kHeld if it returned
// true. Needs the right to mount (root, or user namespaces); kCannotMount says that the test must
// be skipped.
inline FullDiskOutcome on_full_disk(const std::filesystem::path& folder,
                                    const std::function<bool()>& claim) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(120);  // a claim that hangs fails
    const bool own_mounts =
        ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (!own_mounts || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64k") != 0) {
      ::_exit(2);
    }
    ::_exit(claim() ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
    return FullDiskOutcome::kFailed;
  }
  if (WEXITSTATUS(status) == 2) return FullDiskOutcome::kCannotMount;
  return WEXITSTATUS(status) == 0 ? FullDiskOutcome::kHeld : FullDiskOutcome::kFailed;
}

}  // namespace tessera
