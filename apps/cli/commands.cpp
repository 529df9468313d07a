// The table of commands, in the order in which --help lists them.
#include "cli/command.h"

namespace tessera::cli {

std::span<const Command> commands() {
  static constexpr Command kCommands[] = {
      {"score", "Score separated voices against references: SI-SNR, SDR, improvement", define_score},
      {"completion", "Print a completion script for your shell", define_completion, true},
  };
  return kCommands;
}

}  // namespace tessera::cli
