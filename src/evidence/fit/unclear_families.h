// Why a compile failed that says nothing about the network that was compiled.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace tessera {

inline constexpr std::array kUnclearFamilies = {
    "timeout", "out_of_memory", "interrupted", "environment",      "tool_crash",
    "usage",   "model_script",  "har_build",   "bad_inputs_shape", "unknown"};

inline bool is_unclear_family(std::string_view family) {
  return std::find(kUnclearFamilies.begin(), kUnclearFamilies.end(), family) !=
         kUnclearFamilies.end();
}

}  // namespace tessera
