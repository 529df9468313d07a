// Which runs may go, and their removal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evidence/runs/run_index.h"
#include "tessera/result.h"

namespace tessera {

struct RemovalChoice {
  std::optional<int64_t> keep{};             // the newest, so many
  std::optional<int64_t> older_than_days{};  // by the time when they were begun
  bool force = false;  // also runs that are not finished, and those behind a tick
};

struct RemovalCandidate {
  std::string run;    // folder, relative to the root
  int64_t bytes = 0;  // of its files
  std::string kept;   // why it stays all the same; empty: it goes
};

// The runs that the choice names, oldest first. Never one that a program works in; without `force`
// none in state "running", which a sweep can go on with, and none whose file is the only one behind
// a tick of the tracker. `now`: seconds since 1970.
Result<std::vector<RemovalCandidate>> removal_candidates(const RunIndex& index,
                                                         const RemovalChoice& choice, int64_t now);

// Removes the run's folder. It vanishes at once, by another name, and then its files: what a killed
// removal left, the next one takes along. Errors: kUnavailable where a program works in it; kIo.
Result<void> remove_run(const std::filesystem::path& root, const std::string& run);
// Removes what killed removals left.
Result<void> finish_removals(const std::filesystem::path& root);

}  // namespace tessera
