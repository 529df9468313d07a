// Numbers of things in sentences.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace tessera {

// The singular of a noun for one thing, else its plural.
std::string_view noun_for(std::integral auto count, std::string_view one, std::string_view many) {
  return count == 1 ? one : many;
}

// "1 context", "2 contexts".
std::string counted(std::integral auto count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace tessera
