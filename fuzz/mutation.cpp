#include "mutation.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace tessera {
namespace {

// Around what sizes, counts and offsets overflow or turn negative at.
constexpr uint64_t kIntegers[] = {0,
                                  1,
                                  0x7f,
                                  0x80,
                                  0xff,
                                  0x100,
                                  0x7fff,
                                  0x8000,
                                  0xffff,
                                  0x10000,
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  0x100000000,
                                  0x7fffffffffffffff,
                                  0x8000000000000000,
                                  0xffffffffffffffff};
constexpr std::string_view kNumbers[] = {
    "0", "-1", "1e400", "-0.0", "65536", "1e-9", "2147483648", "9223372036854775807", "nan", "99"};

bool is_digit(uint8_t byte) {
  return byte >= '0' && byte <= '9';
}

// Of 1, 2, 4 or 8 bytes.
uint64_t integer_at(const InputBytes& bytes, size_t at, size_t size, bool big_endian) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i)
    value = value << 8 | bytes[at + (big_endian ? i : size - 1 - i)];
  return value;
}

void store(InputBytes& bytes, size_t at, size_t size, bool big_endian, uint64_t value) {
  for (size_t i = 0; i < size; ++i, value >>= 8)
    bytes[at + (big_endian ? size - 1 - i : i)] = static_cast<uint8_t>(value & 0xff);
}

InputBytes::iterator position(InputBytes& bytes, size_t at) {
  return bytes.begin() + static_cast<std::ptrdiff_t>(at);
}

void insert(InputBytes& bytes, size_t at, std::span<const uint8_t> part) {
  bytes.insert(position(bytes, at), part.begin(), part.end());
}

}  // namespace

const Mutator::Change Mutator::kChanges[] = {
    &Mutator::flip_bit,       &Mutator::set_byte,
    &Mutator::set_integer,    &Mutator::add_to_integer,
    &Mutator::erase_part,     &Mutator::set_number_in_text,
    &Mutator::cut_end,        &Mutator::repeat_part,
    &Mutator::copy_part_over, &Mutator::insert_part_of_another,
    &Mutator::end_as_another};

Mutator::Mutator(std::vector<InputBytes> seeds, uint64_t random_seed, size_t most_bytes)
    : seeds_(std::move(seeds)), random_(random_seed), most_bytes_(most_bytes) {
  for (InputBytes& seed : seeds_) seed.resize(std::min(seed.size(), most_bytes_));
}

InputBytes Mutator::next() {
  InputBytes bytes = seeds_[below(seeds_.size())];
  const size_t changes = size_t{1} << below(4);
  for (size_t i = 0; i < changes; ++i) {
    const Change change = kChanges[below(std::size(kChanges))];
    (this->*change)(bytes);
    bytes.resize(std::min(bytes.size(), most_bytes_));
  }
  return bytes;
}

size_t Mutator::below(size_t limit) {
  return limit == 0 ? 0 : static_cast<size_t>(random_() % limit);
}

std::span<const uint8_t> Mutator::part_of(const InputBytes& bytes) {
  const size_t begin = below(bytes.size());
  const size_t most = std::min(bytes.size() - begin, size_t{1} << below(10));
  return std::span(bytes).subspan(begin, below(most + 1));
}

void Mutator::flip_bit(InputBytes& bytes) {
  if (bytes.empty()) return;
  bytes[below(bytes.size())] ^= static_cast<uint8_t>(1U << below(8));
}

void Mutator::set_byte(InputBytes& bytes) {
  if (bytes.empty()) return;
  bytes[below(bytes.size())] = static_cast<uint8_t>(below(256));
}

void Mutator::set_integer(InputBytes& bytes) {
  const size_t size = size_t{1} << below(4);
  if (bytes.size() < size) return;
  const size_t at = below(bytes.size() - size + 1);
  store(bytes, at, size, below(2) == 1, kIntegers[below(std::size(kIntegers))]);
}

void Mutator::add_to_integer(InputBytes& bytes) {
  const size_t size = size_t{1} << below(4);
  if (bytes.size() < size) return;
  const size_t at = below(bytes.size() - size + 1);
  const bool big_endian = below(2) == 1;
  const uint64_t value = integer_at(bytes, at, size, big_endian);
  store(bytes, at, size, big_endian, value + below(33) - 16);
}

void Mutator::set_number_in_text(InputBytes& bytes) {
  const auto begin = std::find_if(position(bytes, below(bytes.size())), bytes.end(), is_digit);
  const auto end = std::find_if_not(begin, bytes.end(), is_digit);
  const auto at = static_cast<size_t>(begin - bytes.begin());
  if (begin == end) return;
  bytes.erase(begin, end);
  const std::string_view number = kNumbers[below(std::size(kNumbers))];
  bytes.insert(position(bytes, at), number.begin(), number.end());
}

void Mutator::erase_part(InputBytes& bytes) {
  const std::span<const uint8_t> part = part_of(bytes);
  const auto begin = position(bytes, static_cast<size_t>(part.data() - bytes.data()));
  bytes.erase(begin, begin + static_cast<std::ptrdiff_t>(part.size()));
}

void Mutator::cut_end(InputBytes& bytes) {
  bytes.resize(below(bytes.size() + 1));
}

void Mutator::repeat_part(InputBytes& bytes) {
  const std::span<const uint8_t> part = part_of(bytes);
  const InputBytes copy(part.begin(), part.end());
  const size_t at = below(bytes.size() + 1);
  for (size_t times = size_t{1} << below(5); times > 0; --times) insert(bytes, at, copy);
}

void Mutator::copy_part_over(InputBytes& bytes) {
  const std::span<const uint8_t> part = part_of(bytes);
  const InputBytes copy(part.begin(), part.end());
  std::copy(copy.begin(), copy.end(), position(bytes, below(bytes.size() - copy.size() + 1)));
}

void Mutator::insert_part_of_another(InputBytes& bytes) {
  const InputBytes& other = seeds_[below(seeds_.size())];
  insert(bytes, below(bytes.size() + 1), part_of(other));
}

void Mutator::end_as_another(InputBytes& bytes) {
  const InputBytes& other = seeds_[below(seeds_.size())];
  bytes.resize(below(bytes.size() + 1));
  insert(bytes, bytes.size(), std::span(other).subspan(below(other.size() + 1)));
}

}  // namespace tessera
