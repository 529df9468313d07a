// What `tessera bisect` says of its findings.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/console.h"
#include "tessera/compiler/bisect.h"

namespace tessera::cli {

void print_bisect_report(const BisectReport& report, Console& console);
// contributors.tsv
std::string contributor_rows(const BisectReport& report);

}  // namespace tessera::cli
