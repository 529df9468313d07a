// A verification for people and for machines.
#pragma once

#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/model_options.h"
#include "cli/table.h"
#include "tessera/compiler/verify.h"

namespace tessera::cli {

// What judges: the imported network, evaluated node by node on this backend.
struct ReferenceChoice {
  std::string name = "auto";
};
void add_reference_option(CommandLine& app, ReferenceChoice& choice);
// "auto": the reference backend, or cpu for networks on which that takes minutes; the choice is
// noted where both sides are computed by the same kernels.
Result<std::unique_ptr<Backend>> open_reference(const ReferenceChoice& choice,
                                                const Graph& imported, const BackendChoice& backend,
                                                std::string& chosen, Console& console);

void add_tolerance_options(CommandLine& app, VerifyOptions& options);

// Adds a row per stage that has a role in a Conv-TasNet (or `all`: per value compared) or that
// failed, a rule, and a row per output. Returns how many stages it left out.
size_t add_stages(const VerifyReport& report, bool all, Table& table,
                  void (*add_row)(Table& table, const ValueCheck& stage));

// One row per stage that has a role in a Conv-TasNet (or `all`: per value compared), failures and
// what could not be compared always.
void print_report(const VerifyReport& report, bool all, Console& console);

// kMismatch naming the first stage that fails; success if none does.
Result<void> verdict_of(const VerifyReport& report, const std::string& subject);

}  // namespace tessera::cli
