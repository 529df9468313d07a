// BatchQueue: jobs that wait for workers, at most so many. A worker takes several at once where
// several wait.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace tessera {

template <typename Job>
class BatchQueue {
 public:
  // `capacity`: jobs that may wait. `workers`: that share them.
  BatchQueue(size_t capacity, size_t workers)
      : capacity_(capacity), workers_(std::max<size_t>(1, workers)) {}

  // All of `jobs` in their order, or none: false where there is no room for all of them, or after
  // close(); they are left as they are then.
  bool push(std::vector<Job>& jobs) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || jobs_.size() + jobs.size() > capacity_) return false;
      jobs_.insert(jobs_.end(), std::make_move_iterator(jobs.begin()),
                   std::make_move_iterator(jobs.end()));
    }
    if (jobs.size() == 1) {
      arrived_.notify_one();
    } else {
      arrived_.notify_all();
    }
    return true;
  }

  // Waits for jobs and takes the oldest: at most `most`, and no more than this worker's share of
  // what waits, so that none idles while another has a long batch. None: the queue is closed and
  // empty.
  std::vector<Job> pop(size_t most) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    const size_t share = (jobs_.size() + workers_ - 1) / workers_;
    const auto count = static_cast<std::ptrdiff_t>(std::min({most, share, jobs_.size()}));
    std::vector<Job> taken(std::make_move_iterator(jobs_.begin()),
                           std::make_move_iterator(jobs_.begin() + count));
    jobs_.erase(jobs_.begin(), jobs_.begin() + count);
    return taken;
  }

  // Takes no more jobs; those that wait are still handed out.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    arrived_.notify_all();
  }

  size_t size() const {
    const std::lock_guard lock(mutex_);
    return jobs_.size();
  }
  size_t capacity() const { return capacity_; }

 private:
  const size_t capacity_;
  const size_t workers_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Job> jobs_;
  bool closed_ = false;
};

}  // namespace tessera
