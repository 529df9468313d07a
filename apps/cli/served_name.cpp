#include "cli/served_name.h"

#include <filesystem>

namespace tessera::cli {
namespace {

std::string name_of(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string();
  for (char& c : name) {
    const bool kept = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '.' || c == '_' || c == '-';
    if (!kept) c = '_';
  }
  return name;
}

}  // namespace

std::pair<std::string, std::string> served_name(const std::string& word) {
  const size_t equals = word.find('=');
  const bool is_named = equals != std::string::npos && !std::filesystem::exists(word);
  if (is_named) return {word.substr(0, equals), word.substr(equals + 1)};
  return {name_of(word), word};
}

}  // namespace tessera::cli
