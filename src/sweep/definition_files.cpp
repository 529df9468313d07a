#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sweep/definition.h"
#include "tessera/compiler/target.h"

namespace tessera {

bool matches_pattern(std::string_view pattern, std::string_view name) {
  // Where the last '*' stood, and how much of the name it has taken: grown when the rest fails.
  size_t star = std::string_view::npos;
  size_t taken = 0;
  size_t p = 0;
  size_t n = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n]) && pattern[p] != '*') {
      ++p, ++n;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

Result<SweepDefinition> SweepDefinition::selected(const std::string& profile,
                                                  const std::string& pattern) const {
  SweepDefinition made = *this;
  made.cases.clear();
  const std::string wanted = profile.empty() ? default_profile : profile;
  if (!wanted.empty()) {
    const auto found = std::find_if(profiles.begin(), profiles.end(),
                                    [&](const SweepProfile& one) { return one.name == wanted; });
    if (found == profiles.end()) {
      std::vector<std::string> names;
      for (const SweepProfile& one : profiles) names.push_back(one.name);
      return TESSERA_ERROR(kNotFound, name, fmt::format("has no profile '{}'", wanted),
                           names.empty() ? "name no profile: this sweep has none"
                                         : fmt::format("it has: {}", fmt::join(names, ", ")));
    }
    if (found->rule) made.rule = *found->rule;
  }
  made.default_profile = wanted;
  for (const SweepCase& one : cases) {
    const bool in_profile =
        wanted.empty() || one.profiles.empty() ||
        std::find(one.profiles.begin(), one.profiles.end(), wanted) != one.profiles.end();
    if (in_profile && (pattern.empty() || matches_pattern(pattern, one.name)))
      made.cases.push_back(one);
  }
  if (made.cases.empty()) {
    return TESSERA_ERROR(kNotFound, name,
                         pattern.empty() ? fmt::format("profile '{}' has no case", wanted)
                                         : fmt::format("no case is named like '{}'", pattern),
                         fmt::format("'tessera sweep show {}' lists the cases", name));
  }
  return made;
}

std::vector<SweepFile> list_sweeps(std::span<const std::filesystem::path> folders) {
  std::vector<SweepFile> found;
  // What list_targets() does is about names of TOML files alone.
  for (TargetFile& file : list_targets(folders)) found.push_back({file.name, file.path});
  return found;
}

Result<SweepDefinition> find_sweep(const std::string& name_or_path,
                                   std::span<const std::filesystem::path> folders) {
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".toml"))
    return read_sweep(name_or_path);
  const std::vector<SweepFile> files = list_sweeps(folders);
  std::vector<std::string> names;
  for (const SweepFile& file : files) {
    if (file.name == name_or_path) return read_sweep(file.path);
    names.push_back(file.name);
  }
  return TESSERA_ERROR(
      kNotFound, name_or_path, "unknown preset",
      fmt::format("known presets: {}; or give the path of a definition", fmt::join(names, ", ")));
}

}  // namespace tessera
