// The library names its own options in what it says; people read those of the command line.
#pragma once

#include <string>
#include <string_view>

#include "tessera/result.h"

namespace tessera::cli {

// The text with every option of the library's that it names replaced by the flag that sets it.
std::string in_flags(std::string_view text);

// The same for message, subject and hint.
Error in_flags(Error error);

}  // namespace tessera::cli
