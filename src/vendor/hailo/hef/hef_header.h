// The header of a HEF, the file that Hailo's compiler writes for a chip, and the checks of it:
//   header | description (protobuf) | version 3: padding | weights | version 3: additional data
// Integers are big-endian and packed:
//   all    u32 magic 01 "HEF", u32 version, u32 bytes of the description
//   0      u32 reserved, MD5 (16 bytes)                                       32 bytes in all
//   1      u32 CRC-32 of zlib, u64 bytes of the weights, u32 reserved         28
//   2      u64 XXH3-64 of seed 0, u64 bytes of the weights, 2 u64 reserved    44
//   3      u64 XXH3-64, u64 bytes of padding and weights, u32 bytes of the padding,
//          u64 bytes of additional data, u64 XXH3-64 of the description or 0, u64 reserved   56
// The checksum is that of everything behind the header. In version 0 the weights lie in the
// description.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tessera/result.h"
#include "vendor/hailo/damage.h"

namespace tessera {

enum class HefChecksum : uint8_t { md5, crc32, xxh3 };
std::string_view to_string(HefChecksum kind);  // "MD5", "CRC-32", "XXH3-64"

struct HefHeader {
  uint32_t version = 0;
  uint64_t header_bytes = 0;
  uint64_t description_bytes = 0;
  uint64_t padding_bytes = 0;
  uint64_t weight_bytes = 0;  // without the padding
  uint64_t additional_bytes = 0;
  HefChecksum checksum = HefChecksum::md5;
  std::string stated;              // hexadecimal
  std::string description_stated;  // version 3: of the description; empty where there is none
  uint64_t description_offset() const { return header_bytes; }
  uint64_t weights_offset() const { return header_bytes + description_bytes + padding_bytes; }
  // Of the file, as stated; saturates.
  uint64_t file_bytes() const;
};

// Where the file begins like a HEF. What it states beyond the end of the file is left to
// check_hef_bytes(). Errors: kCorrupt where it is another kind of file or ends within the header,
// kUnsupported for another version; no subject.
Result<HefHeader> read_hef_header(std::span<const uint8_t> file);

struct HefChecksums {
  bool computed = false;  // false: bytes are missing, so none can be right
  std::string actual;     // hexadecimal
  bool matches = false;
};

// Lengths and checksums; what is wrong goes into `log`.
HefChecksums check_hef_bytes(const HefHeader& header, std::span<const uint8_t> file,
                             DamageLog& log);

}  // namespace tessera
