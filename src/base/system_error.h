// errno -> Error, the same words everywhere.
#pragma once

#include <string_view>

#include "tessera/result.h"

namespace tessera {

// `action` completes "cannot ...", e.g. "write". kNoSpace for a full disk, quota or file size
// limit, kNotFound, kAlreadyExists, else kIo.
Error system_error(int error_number, std::string_view subject, std::string_view action);

}  // namespace tessera
