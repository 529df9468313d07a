// The header of a .npy file: a Python dictionary literal, read without Python.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct NpyHeader {
  std::string descr;  // as written
  char kind = 0;      // 'f', 'i', 'u' or 'b'
  size_t item_bytes = 0;
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<int64_t> dims;  // none negative
};

// `text` is the header alone, padding included. Errors as for parse_npy.
Result<NpyHeader> parse_npy_header(std::string_view text, std::string_view subject);

// Of a whole file, or its beginning; the values are not looked at. Errors as for parse_npy.
Result<NpyHeader> npy_header_of(std::span<const uint8_t> file, std::string_view subject);

}  // namespace tessera
