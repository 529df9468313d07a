// Items of work still to do, a run of them per thread. A thread that has done its own helps the
// others.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

namespace tessera::cpu {

class WorkQueue {
 public:
  explicit WorkQueue(size_t threads) : next_(threads) {}

  // By one thread, while no other takes. Backwards: each thread begins with the last of its own.
  void reset(size_t items, bool backwards = false) {
    items_ = items;
    backwards_ = backwards;
    for (size_t i = 0; i < next_.size(); ++i) {
      next_[i].value.store(begin(i), std::memory_order_relaxed);
    }
  }

  // False when nothing is left.
  bool take(size_t thread, size_t& item) {
    for (size_t i = 0; i < next_.size(); ++i) {
      const size_t from = (thread + i) % next_.size();
      if (next_[from].value.load(std::memory_order_relaxed) >= begin(from + 1)) continue;
      item = next_[from].value.fetch_add(1, std::memory_order_relaxed);
      if (item >= begin(from + 1)) continue;
      if (backwards_) item = begin(from) + begin(from + 1) - 1 - item;
      return true;
    }
    return false;
  }

 private:
  struct alignas(64) Counter {
    std::atomic<size_t> value{0};
  };
  size_t begin(size_t thread) const { return items_ * thread / next_.size(); }

  std::vector<Counter> next_;
  size_t items_ = 0;
  bool backwards_ = false;
};

}  // namespace tessera::cpu
