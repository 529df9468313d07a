// Base64 (RFC 4648, section 4, with padding) of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

std::string base64_encode(std::span<const uint8_t> bytes);

// Nothing for text that base64_encode would not write.
std::optional<std::vector<uint8_t>> base64_decode(std::string_view text);

}  // namespace tessera
