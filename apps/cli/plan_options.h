// How a network is cut: the choices that plan and build share.
#pragma once

#include "cli/command_line.h"
#include "tessera/compiler/plan.h"

namespace tessera::cli {

// --layout, --tile-frames, --block-channels, --encoder-on-chip, --masks-on-chip.
void add_plan_options(CommandLine& app, PlanOptions& options);

}  // namespace tessera::cli
