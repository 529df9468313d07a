#include "cli/backend_words.h"

#include "tessera/backend.h"

namespace tessera::cli {

std::vector<std::string> backends_or_auto() {
  std::vector<std::string> words{"auto"};
  for (const std::string_view name : backend_names()) words.emplace_back(name);
  return words;
}

}  // namespace tessera::cli
