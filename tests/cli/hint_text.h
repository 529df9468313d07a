// The advice in what the tool says of a failure.
#pragma once

#include <string>

#include "cli/tool.h"

namespace tessera {

inline std::string hint_of(const Outcome& outcome) {
  const size_t at = outcome.err.rfind("  next: ");
  return at == std::string::npos ? "" : outcome.err.substr(at + 8, outcome.err.size() - at - 9);
}

}  // namespace tessera
