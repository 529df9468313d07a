// StepStore: finished steps of a compiler by what went into them, failures as well as successes.
// A step's folder appears whole or not at all, so that whatever ends the process, nothing that was
// finished is done again and nothing half done is taken for a result.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct StoredStep {
  std::filesystem::path folder;
  bool succeeded = false;
  std::string end;     // how the program ended: "exit code 1"
  std::string output;  // the file it made, in `folder`; empty for a failure
  double seconds = 0;
};

class StepStore {
 public:
  // Removes what processes that are gone left unfinished. Errors: those of ensure_directory().
  static Result<StepStore> open(const std::filesystem::path& folder);

  // nullopt where it was never finished, or where a file of it has changed since: then it is
  // removed.
  Result<std::optional<StoredStep>> find(const std::string& key) const;

  // An empty folder to work in. Errors: kIo, kNoSpace.
  Result<std::filesystem::path> begin(const std::string& key) const;
  // Gives the folder its place, with a record of its output's hash. Errors: kIo, kNoSpace.
  Result<StoredStep> finish(const std::string& key, const std::filesystem::path& work,
                            StoredStep step) const;
  void drop(const std::filesystem::path& work) const;
  // Forgets a step.
  void forget(const std::string& key) const;

 private:
  std::filesystem::path place(const std::string& key) const { return folder_ / key; }

  std::filesystem::path folder_;
};

// content_hash() of a file of any size. Errors: those of opening and reading it.
Result<std::string> hash_of_file(const std::filesystem::path& path);

}  // namespace tessera
