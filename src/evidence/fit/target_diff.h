// Two targets entry by entry.
#pragma once

#include <string>
#include <vector>

#include "tessera/compiler/target.h"

namespace tessera {

struct TargetDifference {
  std::string entry;  // "limits.row_bytes"
  std::string a, b;   // as `tessera target show` writes them; empty: that target has none
  std::string a_source, b_source;
};

// Entries whose value differs, in the order of target_keys(); where only the source differs,
// nothing does.
std::vector<TargetDifference> target_differences(const Target& a, const Target& b);

}  // namespace tessera
