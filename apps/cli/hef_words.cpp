#include "cli/hef_words.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "vendor/hailo/hef/hef_names.h"

namespace tessera::cli {

uint64_t count_of(const HefUnitCounts& units, HefUnit unit) {
  return units[static_cast<size_t>(unit)];
}

std::string shape_text(const HefShape& shape) {
  return fmt::format("{}x{}x{}", shape.height, shape.width, shape.features);
}

std::string dims_text(const std::vector<HefDims>& list) {
  std::string text;
  for (const HefDims& dims : list) {
    text +=
        fmt::format("{}{}x{}x{}", text.empty() ? "" : ", ", dims.height, dims.width, dims.features);
  }
  return text;
}

std::string place_text(const HefPlace& place) {
  if (place.in_cluster()) return fmt::format("cluster {}", place.cluster);
  return place.kind == 2 ? "host side" : "between";
}

std::string scale_text(const HefStream& stream) {
  if (!stream.quantization) return "";
  const HefQuantization& numbers = *stream.quantization;
  if (!numbers.per_feature()) {
    return fmt::format("{:.7g}, zero point {:g}", numbers.scale, numbers.zero_point);
  }
  const auto [least, most] = std::minmax_element(numbers.scales.begin(), numbers.scales.end());
  if (numbers.scales.empty()) return "per feature";
  return fmt::format("{:.4g} .. {:.4g}, per feature", *least, *most);
}

std::string code_text(const HefStream& stream) {
  return stream.code_bytes == 0 ? "" : fmt::format("uint{}", 8 * uint64_t{stream.code_bytes});
}

std::string time_text(uint64_t milliseconds) {
  constexpr uint64_t kYear10000 = 253402300800;
  const uint64_t seconds = milliseconds / 1000;
  if (seconds == 0 || seconds >= kYear10000) return "";
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(static_cast<time_t>(seconds)));
}

std::string rule_template(const std::string& text, const std::string& layer) {
  const size_t at = layer.empty() ? text.npos : text.rfind(layer);
  if (at == text.npos) return text;
  return text.substr(0, at) + "X" + text.substr(at + layer.size());
}

std::vector<HefRule> rules_of(const HefMapping& mapping) {
  std::map<std::string, size_t> counts;
  for (const HefMappedLayer& layer : mapping.layers) {
    for (const std::string& text : layer.constraints) ++counts[rule_template(text, layer.name)];
  }
  std::vector<HefRule> rules;
  for (const auto& [text, count] : counts) rules.push_back({text, count});
  std::stable_sort(rules.begin(), rules.end(),
                   [](const HefRule& a, const HefRule& b) { return a.layers > b.layers; });
  return rules;
}

}  // namespace tessera::cli
