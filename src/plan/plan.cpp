#include "tessera/compiler/plan.h"

namespace tessera {

std::string_view to_string(Place place) {
  return place == Place::host ? "host" : "chip";
}

std::string_view to_string(Layout layout) {
  return layout == Layout::row ? "row" : "stripes";
}

}  // namespace tessera
