// From level to colour.
#pragma once

#include "report/raster.h"

namespace tessera {

// `position` 0 (dark) to 1 (bright), cut off beyond: Matplotlib's "magma", perceptually uniform and
// legible in grey.
Colour magma(double position);

}  // namespace tessera
