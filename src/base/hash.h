// Content hashes: they tell whether two files or weights are the same, and catch damage. XXH3 is
// not cryptographic: it does not protect against somebody who wants a collision.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tessera {

// XXH3 128 bit, seed 0, as 32 lower-case hexadecimal digits (what `xxhsum -H2` prints).
std::string content_hash(std::span<const uint8_t> bytes);
std::string content_hash(std::string_view text);

// The same, fed in pieces.
class ContentHasher {
 public:
  ContentHasher();
  ContentHasher(ContentHasher&&) noexcept;
  ContentHasher& operator=(ContentHasher&&) noexcept;
  ~ContentHasher();

  void update(std::span<const uint8_t> bytes);
  void update(std::string_view text);
  void update(std::span<const float> values);  // their bytes as they lie in memory
  std::string hex() const;                     // of everything so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tessera
