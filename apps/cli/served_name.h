// Under which name a model is served: "NAME=FILE", or the file's own.
#pragma once

#include <string>
#include <utility>

namespace tessera::cli {

// Name and path. The file's name without what follows its last dot, other characters than letters,
// digits and '._-' as
// '_', where no other is given.
std::pair<std::string, std::string> served_name(const std::string& word);

}  // namespace tessera::cli
