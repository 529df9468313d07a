// The stand-in's device: transfers queued by stream, evaluated one after another on a thread of its
// own, whose callbacks end them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "hailort_stand_in/faults.h"
#include "hailort_stand_in/piece.h"

namespace tessera::stand_in {

inline constexpr size_t kQueueSize = 3;  // transfers of a stream

class VirtualDevice;

// A transfer that the host queued.
struct Transfer {
  void* buffer = nullptr;
  size_t bytes = 0;
  hailort::WriteCallback on_write = nullptr;
  hailort::ReadCallback on_read = nullptr;
  void* opaque = nullptr;

  void end(hailort::Status status, size_t done_bytes) const;
};

struct GroupStream {
  VirtualDevice* device = nullptr;
  Stream* stream = nullptr;
  std::deque<Transfer> queue;
};

// A configured piece.
struct Group {
  std::shared_ptr<RunnablePiece> piece;
  std::deque<GroupStream> inputs;
  std::deque<GroupStream> outputs;
  VirtualDevice* device = nullptr;
  bool is_shut_down = false;

  bool is_ready() const;
  void end_all(hailort::Status status, std::unique_lock<std::mutex>& lock);
};

class VirtualDevice {
 public:
  explicit VirtualDevice(const Fault& fault);
  ~VirtualDevice();

  Group* add(std::shared_ptr<RunnablePiece> piece);
  void shut_down(Group& group);
  // Waits for room in the stream's queue.
  hailort::Status wait_for_room(GroupStream& stream, uint32_t timeout_ms);
  hailort::Status push(GroupStream& stream, const Transfer& transfer);

 private:
  void work();
  Group* ready_group();
  void evaluate(Group& group, std::unique_lock<std::mutex>& lock);

  Fault fault_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Group>> groups_;
  int64_t evaluations_ = 0;
  bool is_lost_ = false;
  bool is_evaluating_ = false;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace tessera::stand_in
