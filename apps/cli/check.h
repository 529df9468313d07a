// --check: the same input through the reference backend, too.
#pragma once

#include "cli/command_line.h"

namespace tessera::cli {

void add_check_option(CommandLine& app, bool& check);

}  // namespace tessera::cli
