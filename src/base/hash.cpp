#include "base/hash.h"

#include <new>

#include <fmt/format.h>
#include <xxhash.h>

#include "tessera/result.h"

namespace tessera {
namespace {

std::string to_hex(XXH128_hash_t hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

std::string content_hash(std::span<const uint8_t> bytes) {
  return to_hex(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string content_hash(std::string_view text) {
  return to_hex(XXH3_128bits(text.data(), text.size()));
}

struct ContentHasher::State {
  XXH3_state_t* xxh = XXH3_createState();
  State() {
    if (xxh == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(xxh);
  }
  ~State() { XXH3_freeState(xxh); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void update(const void* data, size_t bytes) {
    TESSERA_CHECK(XXH3_128bits_update(xxh, data, bytes) == XXH_OK,
                  "a live hash state accepts data");
  }
};

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) {}
ContentHasher::ContentHasher(ContentHasher&&) noexcept = default;
ContentHasher& ContentHasher::operator=(ContentHasher&&) noexcept = default;
ContentHasher::~ContentHasher() = default;

void ContentHasher::update(std::span<const uint8_t> bytes) {
  state_->update(bytes.data(), bytes.size());
}
void ContentHasher::update(std::string_view text) {
  state_->update(text.data(), text.size());
}
void ContentHasher::update(std::span<const float> values) {
  state_->update(values.data(), values.size_bytes());
}
std::string ContentHasher::hex() const {
  return to_hex(XXH3_128bits_digest(state_->xxh));
}

}  // namespace tessera
