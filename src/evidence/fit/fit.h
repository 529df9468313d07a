// A target that learns: what compiles by the vendor's own tools say about the limits of a target
// file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

// The largest number a network has for each limit, by the limit's name.
using LimitNumbers = std::map<std::string, int64_t, std::less<>>;

// Of every limit that the target has and a graph alone decides: "contexts" is an estimate before a
// compile, and is left out.
LimitNumbers limit_numbers(const Graph& graph, const Target& target);

// One compile, or what one compiled file shows.
struct FitEvidence {
  std::string file;
  std::string name;  // the case
  bool passed = false;
  LimitNumbers numbers;
  // Entries ("limits.row_bytes", "support.norms") that the target does not know to be kept by this
  // network. Of failures only.
  std::vector<std::string> suspects;
  bool explained = false;  // the target already says that it does not fit

  std::string witness() const { return name + " (" + file + ")"; }
};

// The evidence of a graph that was compiled.
FitEvidence evidence_of(const Graph& graph, const Target& target, bool passed);

struct FitInput {
  std::vector<FitEvidence> rows;
  std::vector<std::string> ignored;  // "case (file): why it is no evidence"
};

// Reads a run folder (run.json), an experiment folder (cases.tsv), recorded outcomes (.json) or a
// compiled file (.hef). Errors: kInvalidArgument for outcomes of the builtin compiler and for
// evidence of another target; kUnsupported for another kind of file; kNotFound for a folder that
// has no finished case; kCorrupt naming the file.
Result<FitInput> read_fit_evidence(const std::filesystem::path& path, const Target& target);

struct FitWitness {
  int64_t value = 0;
  bool passed = false;
  std::string source;
};

// One limit that moved.
struct FitChange {
  std::string limit;
  Limit before;
  std::optional<int64_t> pass;
  std::optional<int64_t> fail;
  std::vector<FitWitness> witnesses;  // of the new ends
};

// A failure that more than one unknown, or none of the limits, may explain.
struct FitConjunction {
  std::string witness;
  std::vector<std::string> suspects;  // empty: every limit was known to be kept
};

struct FitReport {
  std::vector<FitChange> changes;
  std::vector<FitConjunction> conjunctions;
  int64_t passes = 0;
  int64_t failures = 0;
};

// A pass raises `pass` to the largest number that a compiled network had. A failure lowers `fail`
// only where its limit is the only entry that is not known to be kept, once all passes are counted.
// Errors: kInvalidArgument, naming both rows, where one passes at or beyond a number at which the
// other fails for this limit alone, or where the target file itself says that it fails.
Result<FitReport> fit_target(const Target& target, std::span<const FitEvidence> rows);

// The text of a target file with the changes; its comments and other entries stay as they are.
// Errors: kInvalidArgument where the file writes a changed limit in another form than a table;
// those of parse_target(), named by `origin`.
Result<std::string> with_changes(std::string_view toml, std::span<const FitChange> changes,
                                 const std::string& origin);

}  // namespace tessera
