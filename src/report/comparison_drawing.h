// A picture of a comparison: the network along x, the SNR of every value both have along y.
#pragma once

#include <string>

#include "tessera/compiler/verify.h"

namespace tessera {

// A self-contained SVG document. `title` stands above the picture.
std::string draw_comparison(const ComparisonReport& report, const std::string& title);

}  // namespace tessera
