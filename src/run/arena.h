// One block of memory for all intermediate values of a graph, planned before running: values that
// are never alive at the same time share bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tessera/result.h"

namespace tessera {

// A buffer and the steps (inclusive) during which it must keep its bytes.
struct BufferLife {
  int64_t size_bytes = 0;
  int64_t first_step = 0;
  int64_t last_step = 0;
};

struct ArenaPlan {
  int64_t size_bytes = 0;
  std::vector<int64_t> offsets;  // one per buffer, multiples of kArenaAlignmentBytes
};

inline constexpr int64_t kArenaAlignmentBytes = 64;  // a cache line, the widest vector

// `buffers` in order of first_step. Best fit over the gaps that ended buffers leave.
// Errors: kResourceLimit beyond `limit_bytes` (0: no limit).
Result<ArenaPlan> plan_arena(std::span<const BufferLife> buffers, int64_t limit_bytes);

class Arena {
 public:
  Arena() = default;
  // Bytes are not initialised. Errors: kResourceLimit when the memory cannot be had.
  static Result<Arena> create(int64_t size_bytes);

  // Gives the whole pages of a part of it back to the system. What they held is lost.
  void trim(int64_t offset, int64_t size_bytes);
  void trim() { trim(0, size_bytes_); }

  std::byte* at(int64_t offset) const { return block_.get() + offset; }
  int64_t size_bytes() const { return size_bytes_; }

 private:
  struct Release {
    void operator()(std::byte* block) const;
  };
  std::unique_ptr<std::byte[], Release> block_;
  int64_t size_bytes_ = 0;
};

}  // namespace tessera
