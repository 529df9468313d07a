// The units of deploy/, as they were when this program was built.
#pragma once

#include <string_view>

namespace tessera {

extern const std::string_view kServiceUnit;
extern const std::string_view kSocketUnit;

}  // namespace tessera
