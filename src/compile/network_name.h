// Names that vendors' compilers take for networks.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace tessera {

// The piece's name in letters, digits and '_', not used before.
std::string network_name(std::string_view piece, std::set<std::string>& taken);

}  // namespace tessera
