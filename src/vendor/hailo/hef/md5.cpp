#include "vendor/hailo/hef/md5.h"

#include <md5.h>

#include <array>

namespace tessera {

std::string md5(std::span<const uint8_t> bytes) {
  std::array<char, MD5_DIGEST_STRING_LENGTH> digits{};
  MD5Data(bytes.data(), bytes.size(), digits.data());
  return digits.data();
}

}  // namespace tessera
