#include <fmt/format.h>

#include <algorithm>

#include "tessera/compiler/target.h"

namespace tessera {

std::vector<TargetFile> list_targets(std::span<const std::filesystem::path> folders) {
  std::vector<TargetFile> found;
  for (const std::filesystem::path& folder : folders) {
    std::error_code ignored;
    for (std::filesystem::directory_iterator entry(folder, ignored), end; entry != end;
         entry.increment(ignored)) {
      const std::filesystem::path& path = entry->path();
      if (path.extension() != ".toml") continue;
      const std::string name = path.stem().string();
      const bool taken = std::any_of(found.begin(), found.end(),
                                     [&](const TargetFile& file) { return file.name == name; });
      if (!taken) found.push_back({name, path});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const TargetFile& a, const TargetFile& b) { return a.name < b.name; });
  return found;
}

Result<Target> find_target(const std::string& name_or_path,
                           std::span<const std::filesystem::path> folders) {
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".toml")) {
    return read_target(name_or_path);
  }
  const std::vector<TargetFile> files = list_targets(folders);
  std::vector<std::string> names;
  for (const TargetFile& file : files) {
    if (file.name == name_or_path) return read_target(file.path);
    names.push_back(file.name);
  }
  if (names.empty()) {
    std::vector<std::string> searched;
    for (const auto& folder : folders) searched.push_back(folder.string());
    return TESSERA_ERROR(kNotFound, name_or_path,
                         fmt::format("no target files in {}", fmt::join(searched, ", ")),
                         "give the path of a target file");
  }
  return TESSERA_ERROR(
      kNotFound, name_or_path, "unknown target",
      fmt::format("known targets: {}; or give the path of a target file", fmt::join(names, ", ")));
}

}  // namespace tessera
