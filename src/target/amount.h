// Values of limits in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tessera {

// "2 samples", "1 sample": units of target files are plurals.
inline std::string amount(int64_t value, std::string_view unit) {
  if (value == 1 && unit.ends_with('s')) unit.remove_suffix(1);
  return std::to_string(value) + " " + std::string(unit);
}

}  // namespace tessera
