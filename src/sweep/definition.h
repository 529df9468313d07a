// A sweep's definition: which networks, under which names, and what makes the whole a success.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sweep/parameters.h"
#include "tessera/result.h"

namespace tessera {

enum class SweepRule : uint8_t {
  all,            // every case is to succeed
  first_success,  // cases are tried in order until one succeeds
  largest,        // the first case in order that succeeds is the answer; all are tried
  frontier,       // where in each series the first case fails, and what makes it fail
};
std::string_view to_string(SweepRule rule);  // "all", "first-success", "largest", "frontier"

// How far cases go.
enum class SweepGoal : uint8_t { har, hef };
std::string_view to_string(SweepGoal goal);

struct SweepCase {
  std::string name;  // letters, digits, '_', '-', '.' and '@': also a folder's name
  Parameters parameters;
  std::vector<std::string> profiles;  // empty: in all
  int64_t line = 0;                   // of the definition
};

struct SweepProfile {
  std::string name;  // "quick", "full", "focused", "extended"
  std::string summary;
  std::optional<SweepRule> rule;  // another than the definition's
};

struct SweepDefinition {
  std::string name;
  std::string summary;
  std::string stage;  // column of summary.tsv
  SweepRule rule = SweepRule::all;
  SweepGoal goal = SweepGoal::hef;
  std::vector<std::string> columns;  // of summary.tsv beside the usual ones: parameters
  std::vector<SweepProfile> profiles;
  std::string default_profile;  // empty where there are none
  std::vector<SweepCase> cases;
  std::string text;              // of the file
  std::filesystem::path folder;  // that relative paths in it are relative to

  // Of a profile, and of cases by a pattern of names ('*' and '?'), in the definition's order.
  // Errors: kNotFound naming the profiles that there are, or for a pattern without a case.
  Result<SweepDefinition> selected(const std::string& profile, const std::string& pattern) const;

  // The same questions asked of a real network: whole networks, encoders, maskers, decoders and
  // blocks become parts of `model` at the same length; cases of other kinds are left out. Errors:
  // kUnsupported where none is left. What is the same question is asked once, and named by itself:
  // "masker_16008_tile256".
  Result<SweepDefinition> on_model(const std::filesystem::path& model) const;
};

// For text from anywhere; `origin` names it. Errors: kCorrupt for malformed TOML; kInvalidArgument
// naming line, key and what is known there; kResourceLimit beyond 100 000 cases.
Result<SweepDefinition> parse_sweep(std::string_view text, const std::string& origin);
// Errors: those above and of read_file() up to 1 MiB.
Result<SweepDefinition> read_sweep(const std::filesystem::path& path);

struct SweepFile {
  std::string name;
  std::filesystem::path path;
};
// Names of the *.toml files in `folders`, sorted; the first folder that holds a name wins.
std::vector<SweepFile> list_sweeps(std::span<const std::filesystem::path> folders);
// `name_or_path` is a path when it holds a '/' or ends in ".toml". Errors: kNotFound listing the
// names; those of read_sweep().
Result<SweepDefinition> find_sweep(const std::string& name_or_path,
                                   std::span<const std::filesystem::path> folders);

// Whether a name matches a pattern of '*' and '?'.
bool matches_pattern(std::string_view pattern, std::string_view name);

// A definition that runs as it is, with a comment on every entry.
std::string sweep_template(const std::string& name);

}  // namespace tessera
