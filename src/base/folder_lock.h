// One run at a time in a folder of results.
#pragma once

#include <filesystem>

#include "base/descriptor.h"
#include "tessera/result.h"

namespace tessera {

// Held until it is destroyed or the process ends, however it ends.
class FolderLock {
 public:
  // By flock() on a file ".lock" in `folder`, which stays there. Errors: kUnavailable where another
  // run holds it; those of opening the file.
  static Result<FolderLock> take(const std::filesystem::path& folder);

 private:
  explicit FolderLock(Descriptor file) : file_(std::move(file)) {}

  Descriptor file_;
};

}  // namespace tessera
