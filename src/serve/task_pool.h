// TaskPool: threads for work that would hold up a connection's thread, a bounded amount of it.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "serve/batch_queue.h"

namespace tessera {

class TaskPool {
 public:
  TaskPool(size_t threads, size_t capacity) : queue_(capacity, threads) {
    for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  // Does what is queued first.
  ~TaskPool() {
    queue_.close();
    for (std::thread& thread : threads_) thread.join();
  }
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  // False where too much waits.
  bool submit(std::function<void()> task) {
    std::vector<std::function<void()>> tasks;
    tasks.push_back(std::move(task));
    return queue_.push(tasks);
  }

 private:
  void work() {
    for (;;) {
      const std::vector<std::function<void()>> tasks = queue_.pop(1);
      if (tasks.empty()) return;
      tasks.front()();
    }
  }

  BatchQueue<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace tessera
