// The equivalence of a sensor network's forms, for people.
#pragma once

#include <string>

#include "cli/console.h"
#include "tessera/compiler/verify.h"
#include "tessera/result.h"

namespace tessera::cli {

// A row for each form, then the checklist with its evidence.
void print_equivalence(const EquivalenceReport& report, Console& console);

// kMismatch naming the first form or claim that fails.
Result<void> verdict_of(const EquivalenceReport& report, const std::string& subject);

}  // namespace tessera::cli
