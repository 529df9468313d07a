// quantize/encodings.json of a package.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tessera/compiler/encodings.h"
#include "tessera/result.h"

namespace tessera {

// Every scale comes back as the same float32.
std::string print_encodings(const Encodings& encodings);

// For untrusted text: sizes and ranges are those of the format; whether they fit a network is
// check_encodings()'s question. Errors: kCorrupt, subject = the path of the field.
Result<Encodings> parse_encodings(std::span<const uint8_t> text);

}  // namespace tessera
