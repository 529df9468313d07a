#include "kernels/simd/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace tessera::simd {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

constexpr size_t round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace

void AlignedBuffer::Release::operator()(char* p) const {
  if (mapped_bytes == 0) {
    std::free(p);
  } else {
    munmap(p, mapped_bytes);
  }
}

AlignedBuffer::AlignedBuffer(size_t floats) {
  constexpr size_t kGuardBytes = round_up(kGuardFloats * sizeof(float), kAlignmentBytes);
  if (floats > (SIZE_MAX / 2 - 4 * kHugePage) / sizeof(float)) return;
  const size_t needed = round_up(floats * sizeof(float), kAlignmentBytes) + 2 * kGuardBytes;
  char* start = nullptr;
  if (needed < kHugePage) {
    start = static_cast<char*>(std::aligned_alloc(kAlignmentBytes, needed));
    if (start == nullptr) return;
    memory_ = std::unique_ptr<char, Release>(start, Release{0});
    std::memset(start, 0, needed);
  } else {
    const size_t bytes = round_up(needed, kHugePage) + kHugePage;
    void* const mapped =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return;
    memory_ = std::unique_ptr<char, Release>(static_cast<char*>(mapped), Release{bytes});
    start = memory_.get();
    start += round_up(reinterpret_cast<uintptr_t>(start), kHugePage) -
             reinterpret_cast<uintptr_t>(start);
    // Advice only: activations are walked in order, and large pages save address translations.
    madvise(start, bytes - kHugePage, MADV_HUGEPAGE);
  }
  values_ = reinterpret_cast<float*>(start + kGuardBytes);
  size_ = floats;
}

void AlignedBuffer::trim() {
  const size_t bytes = memory_.get_deleter().mapped_bytes;
  if (bytes > 0) madvise(memory_.get(), bytes, MADV_DONTNEED);
}

}  // namespace tessera::simd
