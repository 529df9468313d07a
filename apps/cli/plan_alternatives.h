// What a plan is compared with: the processor alone, frozen norms, no cutting.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/plan.h"

namespace tessera::cli {

struct Alternative {
  std::string name;
  bool exact = true;
  std::string verdict;   // of a chip; empty for the processor
  std::string obstacle;  // why it does not fit
  int64_t segments = 0;
  int64_t calls = 0;
  int64_t contexts = 0;
  int64_t link_bytes = 0;
  double chip_s = 0;  // estimated
  double host_s = 0;  // measured on this machine; 0 where it was not

  double seconds() const { return chip_s + host_s; }
};

// Seconds on noise, the better of two runs.
struct Measured {
  double host_s = 0;   // the plan's host steps and the copies of its tiles
  double alone_s = 0;  // the whole network on the processor
};
// Of a long input a part is measured, where network and plan serve one, and noted.
Result<Measured> measure_ways(const ImportedModel& model, const Plan& plan, const Target& target,
                              Backend& backend, Console& console);

Alternative alternative_of(std::string name, const Plan& plan, const Target& target);

// The same network uncut, and with norms frozen (cut and uncut) where it has norms to freeze.
// Frozen plans hold placeholder statistics: their structure and cost are right, their outputs are
// not.
Result<std::vector<Alternative>> other_plans(const ImportedModel& imported, const Graph& legal,
                                             const Plan& chosen, const Target& target,
                                             const PlanOptions& options);

}  // namespace tessera::cli
