// Values in a tool's prose: numbers with either decimal sign, durations, shapes, versions, names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tessera::hailo::values {

// Reads a value of `kind` (see pattern.h) at the head of `text`; `value` gets its normal form.
// Returns how many bytes it takes, 0 if there is none.
size_t take(std::string_view kind, std::string_view text, std::string& value);

// Where a value of `kind` that ends just before `end` begins.
size_t begin_before(std::string_view text, size_t end, std::string_view kind);

}  // namespace tessera::hailo::values
