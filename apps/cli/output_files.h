// What a command is going to write, judged before it computes.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera::cli {

// Refuses an output that check_writable refuses, that is one of `inputs` (with --force too: what
// was read would be lost), or that is named twice. Empty names stand for files that were not asked
// for.
Result<void> check_outputs(std::span<const std::string> outputs,
                           std::span<const std::string> inputs, bool force);

// The names in `single` and in `lists`, for the above.
std::vector<std::string> file_names(std::initializer_list<std::string> single,
                                    std::initializer_list<std::span<const std::string>> lists = {});

}  // namespace tessera::cli
