// What of a file is damaged, and where: readers go on past damage and collect it here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tessera {

struct Damage {
  uint64_t offset = 0;  // of the first damaged byte in the file
  std::string what;
};

// The first few are kept; the others are counted, so that a hostile file fills no memory.
class DamageLog {
 public:
  void add(uint64_t offset, std::string what) {
    if (listed_.size() < kMaxListed) {
      listed_.push_back({offset, std::move(what)});
    } else {
      ++unlisted_;
    }
  }

  bool empty() const { return listed_.empty(); }
  const std::vector<Damage>& listed() const { return listed_; }
  uint64_t unlisted() const { return unlisted_; }

 private:
  static constexpr size_t kMaxListed = 32;

  std::vector<Damage> listed_;
  uint64_t unlisted_ = 0;
};

}  // namespace tessera
