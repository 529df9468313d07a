#include "cli/hints.h"

#include <fmt/format.h>

#include "base/shell_word.h"

namespace tessera::cli {

std::string rule_reasons_hint(const std::string& model) {
  return fmt::format("see what each rule did: tessera rewrite {} --show", shell_path(model));
}

std::string quantize_hint(const std::string& model) {
  return fmt::format(
      "quantise it: tessera build {} --quantize int8 --calib RECORDINGS -o PACKAGE.tess",
      shell_path(model));
}

std::string extract_hint(const std::string& package) {
  return fmt::format("take the model out of it: tessera package extract {} -o FOLDER",
                     shell_path(package));
}

}  // namespace tessera::cli
