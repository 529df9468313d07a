// What the stages of a build leave in a folder, as compilers dump their passes.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "tessera/build.h"
#include "tessera/result.h"

namespace tessera {

class StageFiles {
 public:
  // An empty folder: nothing is written.
  StageFiles(std::filesystem::path folder, bool force)
      : folder_(std::move(folder)), force_(force) {}

  // Makes the folder and finds out whether the files of these stages can be written. Errors: those
  // of check_writable().
  Result<void> prepare(std::span<const BuildStage> stages) const;

  bool wants(BuildStage stage) const { return !folder_.empty() && !stage_file(stage).empty(); }
  Result<void> write(BuildStage stage, const std::string& text) const;

 private:
  std::filesystem::path folder_;
  bool force_;
};

}  // namespace tessera
