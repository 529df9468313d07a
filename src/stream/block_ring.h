// The latest blocks of a value, by the number of their step.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tessera/backend.h"

namespace tessera::stream {

class BlockRing {
 public:
  // Holds a block and the `depth` before it; zeros at first.
  BlockRing(const Shape& block, int64_t depth)
      : size_(static_cast<size_t>(block.size())),
        slots_(depth + 1),
        values_(size_ * static_cast<size_t>(slots_)) {}

  // Of any step, also one before the first (below 0), that is among the latest.
  Values at(int64_t step) {
    const int64_t rest = step % slots_;
    return Values(values_).subspan(size_ * static_cast<size_t>(rest < 0 ? rest + slots_ : rest),
                                   size_);
  }
  int64_t depth() const { return slots_ - 1; }
  void clear() { std::fill(values_.begin(), values_.end(), 0.0f); }
  int64_t bytes() const { return static_cast<int64_t>(values_.size() * sizeof(float)); }

 private:
  size_t size_;
  int64_t slots_;
  std::vector<float> values_;
};

}  // namespace tessera::stream
