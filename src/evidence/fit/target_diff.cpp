#include "evidence/fit/target_diff.h"

#include <fmt/format.h>

#include "evidence/documents.h"

namespace tessera {

std::vector<TargetDifference> target_differences(const Target& a, const Target& b) {
  std::vector<TargetDifference> found;
  const auto add = [&](const std::string& entry, const std::string& of_a, const std::string& of_b,
                       std::string a_source, std::string b_source) {
    if (of_a != of_b)
      found.push_back({entry, of_a, of_b, std::move(a_source), std::move(b_source)});
  };
  add("architecture", std::string(to_string(a.architecture)),
      std::string(to_string(b.architecture)), "", "");
  add("arithmetic", std::string(to_string(a.arithmetic)), std::string(to_string(b.arithmetic)), "",
      "");
  for (const TargetKey& key : target_keys()) {
    const auto value = [&](const Target& target) {
      return target.has(key.section, key.name) ? documents::target_value(target, key)
                                               : std::string();
    };
    const auto source = [&](const Target& target) {
      return target.has(key.section, key.name) ? documents::target_source(target, key)
                                               : std::string();
    };
    add(fmt::format("{}.{}", to_string(key.section), key.name), value(a), value(b), source(a),
        source(b));
  }
  return found;
}

}  // namespace tessera
