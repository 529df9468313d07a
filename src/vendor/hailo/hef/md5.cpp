#include "vendor/hailo/hef/md5.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr size_t kBlockBytes = 64;
using Md5State = std::array<uint32_t, 4>;

// floor(2^32 * |sin(i + 1)|), the definition of the RFC.
std::array<uint32_t, 64> sines() {
  std::array<uint32_t, 64> table{};
  for (size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<uint32_t>(std::fabs(std::sin(static_cast<double>(i + 1))) * 0x1p32);
  }
  return table;
}

void add_block(Md5State& state, const uint8_t* block) {
  static const std::array<uint32_t, 64> kSines = sines();
  static constexpr int kTurns[4][4] = {
      {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  std::array<uint32_t, 16> words{};
  for (size_t i = 0; i < words.size(); ++i) {
    for (size_t byte = 4; byte-- > 0;) words[i] = words[i] << 8 | block[4 * i + byte];
  }
  auto [a, b, c, d] = state;
  for (uint32_t i = 0; i < 64; ++i) {
    uint32_t mixed = 0;
    uint32_t word = i;
    switch (i / 16) {
      case 0: mixed = (b & c) | (~b & d); break;
      case 1: mixed = (d & b) | (~d & c), word = 5 * i + 1; break;
      case 2: mixed = b ^ c ^ d, word = 3 * i + 5; break;
      default: mixed = c ^ (b | ~d), word = 7 * i; break;
    }
    const uint32_t turned =
        std::rotl(a + mixed + kSines[i] + words[word % 16], kTurns[i / 16][i % 4]);
    a = d;
    d = c;
    c = b;
    b += turned;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

}  // namespace

std::string md5(std::span<const uint8_t> bytes) {
  Md5State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const size_t whole = bytes.size() / kBlockBytes * kBlockBytes;
  for (size_t i = 0; i < whole; i += kBlockBytes) add_block(state, bytes.data() + i);

  // What is left, one bit, zeros, and the length in bits.
  std::array<uint8_t, 2 * kBlockBytes> last{};
  const auto rest = bytes.subspan(whole);
  std::copy(rest.begin(), rest.end(), last.begin());
  last[rest.size()] = 0x80;
  const size_t padded = rest.size() + 9 <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
  const uint64_t bits = uint64_t{bytes.size()} * 8;
  for (size_t i = 0; i < 8; ++i) last[padded - 8 + i] = static_cast<uint8_t>(bits >> (8 * i));
  for (size_t i = 0; i < padded; i += kBlockBytes) add_block(state, last.data() + i);

  std::string digits;
  for (const uint32_t word : state) {
    for (size_t i = 0; i < 4; ++i) digits += fmt::format("{:02x}", (word >> (8 * i)) & 0xFF);
  }
  return digits;
}

}  // namespace tessera
