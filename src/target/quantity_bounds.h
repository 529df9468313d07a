// Which numbers a unit or a cost can be.
#pragma once

#include <string>
#include <string_view>

#include "tessera/compiler/target.h"

namespace tessera {

// What is wrong with `value` for this entry of units or costs, as "must be ..."; empty if nothing
// is.
std::string fault_of(const TargetKey& key, double value);

// The entry of units or costs with this name; null where the architecture has none.
const TargetKey* quantity_key(std::string_view name, Architecture architecture);

}  // namespace tessera
