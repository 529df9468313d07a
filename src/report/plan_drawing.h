// A picture of a plan: the network along x, time along y, one colour per segment. Every tile is
// drawn over the frames it makes; tiles of different phases cover the same stretch of time and
// stand side by side.
#pragma once

#include <string>

#include "tessera/compiler/plan.h"

namespace tessera {

// A self-contained SVG document. `title` stands above the picture.
std::string draw_plan(const Plan& plan, const std::string& title);

}  // namespace tessera
