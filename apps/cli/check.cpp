#include "cli/check.h"

namespace tessera::cli {

void add_check_option(CommandLine& app, bool& check) {
  app.add_flag(
      "--check", check,
      "Also evaluate with the reference backend (slow); fail if the results differ by more "
      "than 1e-4 of the peak, in integers if one code does");
}

}  // namespace tessera::cli
