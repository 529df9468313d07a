// --check: the same input through the reference backend, and how far the results lie apart.
#pragma once

#include <span>
#include <vector>

#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/output_difference.h"
#include "tessera/graph.h"
#include "tessera/result.h"

namespace tessera::cli {

void add_check_option(CommandLine& app, bool& check);

// Evaluates `graph` on the reference backend (slow) and compares `outputs` with it.
// Errors: those of compare_outputs.
Result<Difference> compare_with_reference(const Graph& graph,
                                          std::span<const std::vector<float>> inputs,
                                          std::span<const std::vector<float>> outputs,
                                          const std::string& subject, Console& console);

}  // namespace tessera::cli
