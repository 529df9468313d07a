#include "run/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <limits>
#include <map>
#include <new>
#include <queue>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr int64_t kMaxArenaBytes = int64_t{1} << 60;  // keeps every sum in range

int64_t megabytes(int64_t bytes) {
  return bytes / 1'000'000 + (bytes % 1'000'000 != 0 ? 1 : 0);
}

Error too_large(int64_t bytes, int64_t limit_bytes) {
  return TESSERA_ERROR(kResourceLimit, "activations",
                       fmt::format("need at least {} MB, the limit is {} MB", megabytes(bytes),
                                   megabytes(limit_bytes)),
                       "process a shorter input or raise the memory limit");
}

// The planned block: gaps by offset, below `top`.
class Gaps {
 public:
  // Offset of a free stretch of `size` bytes: the smallest gap that holds it, else the end.
  int64_t take(int64_t size) {
    auto best = gaps_.end();
    for (auto gap = gaps_.begin(); gap != gaps_.end(); ++gap) {
      if (gap->second >= size && (best == gaps_.end() || gap->second < best->second)) best = gap;
    }
    if (best != gaps_.end()) return take_from(best, size);
    int64_t offset = top_;
    if (!gaps_.empty()) {
      const auto last = std::prev(gaps_.end());
      if (last->first + last->second == top_) {
        offset = last->first;  // grows into new memory
        gaps_.erase(last);
      }
    }
    top_ = offset + size;
    return offset;
  }

  void give_back(int64_t offset, int64_t size) {
    auto next = gaps_.lower_bound(offset);
    if (next != gaps_.end() && offset + size == next->first) {
      size += next->second;
      next = gaps_.erase(next);
    }
    if (next != gaps_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second == offset) {
        before->second += size;
        return;
      }
    }
    gaps_.emplace(offset, size);
  }

  int64_t top() const { return top_; }

 private:
  int64_t take_from(std::map<int64_t, int64_t>::iterator gap, int64_t size) {
    const auto [offset, gap_size] = *gap;
    gaps_.erase(gap);
    if (gap_size > size) gaps_.emplace(offset + size, gap_size - size);
    return offset;
  }

  std::map<int64_t, int64_t> gaps_;  // offset -> size, never adjacent
  int64_t top_ = 0;
};

}  // namespace

Result<ArenaPlan> plan_arena(std::span<const BufferLife> buffers, int64_t limit_bytes) {
  const int64_t limit = limit_bytes > 0 ? limit_bytes : kMaxArenaBytes;
  struct Living {
    int64_t last_step;
    int64_t offset;
    int64_t size;
  };
  const auto ends_later = [](const Living& a, const Living& b) {
    return a.last_step > b.last_step;
  };
  std::priority_queue<Living, std::vector<Living>, decltype(ends_later)> living(ends_later);
  Gaps gaps;
  ArenaPlan plan;
  int64_t step = std::numeric_limits<int64_t>::min();
  for (const BufferLife& buffer : buffers) {
    TESSERA_CHECK(buffer.first_step >= step && buffer.last_step >= buffer.first_step,
                  "buffers come in order of their first step");
    step = buffer.first_step;
    while (!living.empty() && living.top().last_step < step) {
      gaps.give_back(living.top().offset, living.top().size);
      living.pop();
    }
    if (buffer.size_bytes > kMaxArenaBytes) return too_large(buffer.size_bytes, limit);
    const int64_t size = (buffer.size_bytes + kArenaAlignmentBytes - 1) / kArenaAlignmentBytes *
                         kArenaAlignmentBytes;
    const int64_t offset = gaps.take(size);
    if (gaps.top() > limit) return too_large(gaps.top(), limit);
    plan.offsets.push_back(offset);
    living.push({buffer.last_step, offset, size});
  }
  plan.size_bytes = gaps.top();
  return plan;
}

Result<Arena> Arena::create(int64_t size_bytes) {
  Arena arena;
  if (size_bytes == 0) return arena;
  void* block = ::operator new (static_cast<size_t>(size_bytes),
                                std::align_val_t{kArenaAlignmentBytes}, std::nothrow);
  if (block == nullptr) {
    return TESSERA_ERROR(
        kResourceLimit, "activations",
        fmt::format("need {} MB, more than this machine gives", megabytes(size_bytes)),
        "process a shorter input");
  }
  arena.block_.reset(static_cast<std::byte*>(block));
  arena.size_bytes_ = size_bytes;
  return arena;
}

void Arena::trim(int64_t offset, int64_t size_bytes) {
  static const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const uintptr_t first =
      reinterpret_cast<uintptr_t>(block_.get()) + static_cast<uintptr_t>(offset);
  const uintptr_t begin = (first + page - 1) / page * page;
  const uintptr_t end = (first + static_cast<uintptr_t>(size_bytes)) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void Arena::Release::operator()(std::byte* block) const {
  ::operator delete (block, std::align_val_t{kArenaAlignmentBytes});
}

}  // namespace tessera
