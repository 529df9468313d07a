// What the pieces of a package ran on, where that is more than one backend.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/console.h"
#include "tessera/session.h"

namespace tessera::cli {

struct DevicesUsed {
  std::span<const PieceDevice> pieces;
  std::string_view chip;
  std::string_view host;
  std::vector<DeviceReading> readings;  // of the chip
};

// Adds `devices` (host, pieces, what the chip measures of itself) to the document and tells how
// many pieces each backend ran; of pieces that fell back, each with its reason. Nothing where one
// backend ran everything.
void report_devices(const DevicesUsed& used, Document& document, Console& console);

}  // namespace tessera::cli
