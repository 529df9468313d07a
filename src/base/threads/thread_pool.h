// Threads that stay for the life of an executable and meet at barriers. A wait spins briefly, then
// sleeps: passes are short, but the processor may be shared.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace tessera::cpu {

class ThreadPool {
 public:
  // `threads` >= 1, the caller of run() included. Fewer where the system refuses more.
  explicit ThreadPool(size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t size() const { return workers_.size() + 1; }

  // Calls job(index, data) on every thread, 0 being the caller, and returns when all are done.
  using Job = void (*)(size_t thread, void* data);
  void run(Job job, void* data);

  // For use inside a job by every thread: the last to arrive calls last(data) while the others
  // wait.
  void barrier(void (*last)(void* data), void* data);

 private:
  void work(size_t index);

  std::vector<std::thread> workers_;
  Job job_ = nullptr;
  void* data_ = nullptr;
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<uint32_t> generation_{0};  // of jobs
  alignas(64) std::atomic<uint32_t> running_{0};     // workers still in the job
  alignas(64) std::atomic<uint32_t> arrived_{0};     // at the barrier
  alignas(64) std::atomic<uint32_t> phase_{0};       // of the barrier
};

}  // namespace tessera::cpu
