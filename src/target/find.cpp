#include <fmt/format.h>

#include <algorithm>

#include "tessera/compiler/target.h"
#include "tessera/file.h"

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

namespace {

constexpr uint64_t kMaxTargetFileBytes = uint64_t{1} << 20;

// "macs=256,sram_bytes=524288"
Result<std::map<std::string, std::string>> parse_settings(std::string_view text) {
  std::map<std::string, std::string> settings;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t equals = one.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == one.size()) {
      return TESSERA_ERROR(kInvalidArgument, std::string(one), "is no setting of a target",
                           "write NAME=VALUE, several with commas");
    }
    settings[std::string(one.substr(0, equals))] = std::string(one.substr(equals + 1));
  }
  return settings;
}

Result<Target> read_with_settings(const std::filesystem::path& path,
                                  std::map<std::string, std::string> settings) {
  if (settings.empty()) return read_target(path);
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxTargetFileBytes));
  TESSERA_TRY(const std::string text,
              with_settings({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, settings,
                            path.string()));
  TESSERA_TRY(Target target, parse_target(text, path.string()));
  target.file = path;
  target.settings = std::move(settings);
  return target;
}

}  // namespace

Result<Target> find_target(const std::string& wanted,
                           std::span<const std::filesystem::path> folders) {
  // A path may hold colons of its own: settings follow the last one that "NAME=" follows.
  const size_t colon = wanted.rfind(':');
  const bool has_settings = colon != std::string::npos &&
                            wanted.find('=', colon) != std::string::npos &&
                            wanted.find('/', colon) == std::string::npos;
  std::map<std::string, std::string> settings;
  if (has_settings) {
    TESSERA_TRY(settings, parse_settings(std::string_view(wanted).substr(colon + 1)));
  }
  const std::string name_or_path = has_settings ? wanted.substr(0, colon) : wanted;
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".toml")) {
    return read_with_settings(name_or_path, std::move(settings));
  }
  const std::vector<TargetFile> files = list_targets(folders);
  std::vector<std::string> names;
  for (const TargetFile& file : files) {
    if (file.name == name_or_path) return read_with_settings(file.path, std::move(settings));
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
