// The names under which PyTorch stores numbers: "FloatStorage", or "float32" where the tensor, not
// its storage, tells.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/torch/element_type.h"

namespace tessera {

// Nothing for formats that are not read (complex, quantised, 8-bit floats).
std::optional<ElementType> element_type_named(std::string_view name);

// Bytes of one element, of formats that are not read too; 1 for untyped storages.
int64_t bytes_of_storage_element(std::string_view name);

}  // namespace tessera
