// A target narrowed by what real compiles say about it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evidence/fit/compile_evidence.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

// A limit whose ends have moved.
struct FittedLimit {
  std::string key;
  std::optional<int64_t> pass_before, pass;
  std::optional<int64_t> fail_before, fail;
  std::string
      pass_witness;  // the compile with the largest number that passed; empty: the end did not move
  std::string fail_witness;  // the one with the smallest that failed
};

// A word that is not open any more.
struct FittedWord {
  std::string key;
  std::string word;
  bool supported = false;
  std::string witness;
};

struct TargetFit {
  std::vector<FittedLimit> limits;  // by name
  std::vector<FittedWord> words;
  int64_t compiles = 0;
  int64_t passes = 0;
  int64_t explained = 0;  // failures that a known limit accounts for
  // Failures with several suspects, each not known to be kept: which of them it was is open.
  std::vector<std::string> ambiguous;
  // Failures of networks whose every number and word is known to pass: something that no rule
  // measures.
  std::vector<std::string> unexplained;

  bool changes_nothing() const { return limits.empty() && words.empty(); }
};

// A pass raises `pass` of each limit to its number; a failure lowers `fail` where one limit alone
// is not known to be kept by that network. Words likewise. The order of the compiles does not
// matter. Errors: kMismatch where compiles contradict each other or what the target's source states
// for certain: both are named.
Result<TargetFit> fit_target(const Target& target, std::span<const CompileEvidence> compiles);

// The target's file with these changes; everything else of it, comments too, stays. Each changed
// limit's source names its witnesses, each of which becomes one of its data points. Errors:
// kInvalidArgument for files that write limits in another form than targets/*.toml do; those of
// parse_target().
Result<std::string> with_fit(std::string_view toml, const TargetFit& fit,
                             const std::string& origin);

}  // namespace tessera
