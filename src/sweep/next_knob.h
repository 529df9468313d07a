// The one change to make next, derived from the rule that a case breaks: each number that its
// description has is lowered until the target has nothing of that rule against the network, and the
// one that keeps most is taken.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sweep/case_result.h"
#include "sweep/definition.h"
#include "tessera/compiler/target.h"

namespace tessera {

struct KnobChange {
  std::string parameter;  // "n_filters"
  int64_t from = 0;
  int64_t to = 0;
};
std::string to_string(const KnobChange& change);  // "n_filters 256 -> 64"

struct NextKnob {
  std::string text;                        // one line
  std::vector<KnobChange> changes;         // each would do, best first
  std::optional<KnobChange> earlier_rule;  // what the fixed rule of earlier scripts says
};

// Of a failed case. `folder`: what relative paths of the definition are relative to.
NextKnob next_knob(const CaseResult& failed, const Target& target,
                   const std::filesystem::path& folder);

// The fixed rule: hid_chan less 16, from 16 on bn_chan and skip_chan less 8, from 8 on n_filters
// less 32, from 32 on a block less, then 8 000 samples for 16 000. nullopt where the case is of
// another kind, or nothing is left to lower.
std::optional<KnobChange> earlier_rule(const Parameters& parameters);

}  // namespace tessera
