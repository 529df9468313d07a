#include "compile/network_name.h"

#include <cctype>

#include <fmt/format.h>

namespace tessera {

std::string network_name(std::string_view piece, std::set<std::string>& taken) {
  std::string name;
  for (const char c : piece) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  std::string unique = name;
  for (int i = 2; !taken.insert(unique).second; ++i) unique = fmt::format("{}_{}", name, i);
  return unique;
}

}  // namespace tessera
