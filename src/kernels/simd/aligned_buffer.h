// A fixed run of floats, aligned to a cache line, with readable guard floats on both sides.
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/simd/tile.h"

namespace tessera::simd {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // Zeroed. On failure to allocate, data() is null.
  explicit AlignedBuffer(size_t floats);

  // Gives the pages of a large buffer back to the system, after which it holds zeros. A small one
  // keeps what it holds.
  void trim();

  float* data() { return values_; }
  const float* data() const { return values_; }
  size_t size() const { return size_; }

 private:
  struct Release {
    size_t mapped_bytes;  // 0: from the heap
    void operator()(char* p) const;
  };
  std::unique_ptr<char, Release> memory_{nullptr, Release{0}};
  float* values_ = nullptr;
  size_t size_ = 0;
};

}  // namespace tessera::simd
