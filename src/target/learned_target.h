// A target file with what a compile has taught.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tessera/result.h"

namespace tessera {

// The text with the ends of limits.row_bytes replaced: rows up to `pass` are taken to fit, rows
// from `fail` on not to. `source` says from where that is known. Errors: kInvalidArgument where
// the ends contradict each other; those of parse_target(), named by `origin`.
Result<std::string> with_row_limit(std::string_view toml, int64_t pass, int64_t fail,
                                   std::string_view source, const std::string& origin);

// The same for any limit, as one that a compile has settled: values up to `pass` fit. The entry is
// added where the file leaves it out.
Result<std::string> with_limit(std::string_view toml, std::string_view key, int64_t pass,
                               int64_t fail, std::string_view source, const std::string& origin);

}  // namespace tessera
