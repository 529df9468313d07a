// What the pieces of a package ran on, where that is more than one backend.
#pragma once

#include <span>
#include <string_view>

#include "cli/console.h"
#include "tessera/session.h"

namespace tessera::cli {

// Adds `devices` (host, pieces) to the document and tells how many pieces each backend ran; of
// pieces that fell back, each with its reason. Nothing where one backend ran everything.
void report_devices(std::span<const PieceDevice> pieces, std::string_view chip,
                    std::string_view host, Document& document, Console& console);

}  // namespace tessera::cli
