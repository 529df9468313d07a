// Next steps that are command lines, which people copy: what stands behind the colon runs as it is,
// but for words in capitals. File names in it are quoted for the shell.
#pragma once

#include <string>

namespace tessera::cli {

// Why a network is not legal for any chip.
std::string rule_reasons_hint(const std::string& model);

// How to make a package of integers of a model file.
std::string quantize_hint(const std::string& model);

// How to get the model file out of a package.
std::string extract_hint(const std::string& package);

}  // namespace tessera::cli
