#include "model/torch/checkpoint.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tessera {

std::string to_string(const ArgValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "True" : "False";
  if (const auto* number = std::get_if<int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("'{}'", *text);
  return "None";
}

const NamedTensor* Checkpoint::find(std::string_view name) const {
  const auto it = std::find_if(tensors.begin(), tensors.end(),
                               [&](const NamedTensor& tensor) { return tensor.name == name; });
  return it == tensors.end() ? nullptr : &*it;
}

int64_t element_limit(uint64_t file_bytes) {
  constexpr uint64_t kFloor = 1 << 20;
  constexpr uint64_t kCeiling = uint64_t{1} << 30;
  constexpr uint64_t kRepeats = 4;
  return static_cast<int64_t>(
      std::min(kCeiling, kFloor + kRepeats * std::min(file_bytes, kCeiling)));
}

void warn_about_non_finite(Checkpoint& checkpoint) {
  for (const NamedTensor& entry : checkpoint.tensors) {
    const auto values = entry.tensor.values();
    const auto bad =
        std::count_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
    if (bad == 0) continue;
    checkpoint.notes.push_back(
        {NoteSeverity::warning,
         fmt::format("{}: {} of {} weights are NaN or infinite; outputs will be too", entry.name,
                     bad, values.size())});
  }
}

}  // namespace tessera
