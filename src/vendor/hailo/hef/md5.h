// MD5 (RFC 1321): the checksum of the oldest HEFs. It tells damage, not forgery.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace tessera {

// 32 lower-case hexadecimal digits.
std::string md5(std::span<const uint8_t> bytes);

}  // namespace tessera
