// CancellationScope: lets whoever waits for a long computation give it up, without a parameter
// through every layer between.
#pragma once

#include <functional>
#include <utility>

namespace tessera {

// While one lives, computations of this thread ask it between their steps whether to end with
// kCancelled. Scopes nest: the innermost is asked.
class CancellationScope {
 public:
  explicit CancellationScope(std::function<bool()> is_cancelled)
      : is_cancelled_(std::move(is_cancelled)), outer_(std::exchange(current(), this)) {}
  ~CancellationScope() { current() = outer_; }
  CancellationScope(const CancellationScope&) = delete;
  CancellationScope& operator=(const CancellationScope&) = delete;

  // Whether the caller's computation is to end.
  static bool is_cancelled() { return current() != nullptr && current()->is_cancelled_(); }

 private:
  static CancellationScope*& current() {
    static thread_local CancellationScope* scope = nullptr;
    return scope;
  }

  std::function<bool()> is_cancelled_;
  CancellationScope* outer_;
};

}  // namespace tessera
