// From an op's name, as op_name() gives it, back to the op.
#pragma once

#include <optional>
#include <string_view>

#include "tessera/compiler/op.h"

namespace tessera {

// The op of that name with default fields and no weights; nothing for an unknown name.
std::optional<Op> op_prototype(std::string_view name);

}  // namespace tessera
