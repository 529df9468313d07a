// Frames on their way to and from the device: page-aligned buffers that are used again and again,
// and the end of their transfers, which the library tells on threads of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "backends/hailo/hailort_api.h"
#include "tessera/result.h"

namespace tessera::hailort {

// Whole pages: the device writes to memory around the frame otherwise.
class FrameBuffer {
 public:
  // Errors: kResourceLimit.
  static Result<FrameBuffer> create(size_t bytes);
  std::span<std::byte> bytes() const { return {memory_.get(), bytes_}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Free> memory_;
  size_t bytes_ = 0;
};

// The frames of one evaluation.
class Slot {
 public:
  // Sizes of frames in bytes. Errors: kResourceLimit.
  static Result<std::unique_ptr<Slot>> create(std::span<const size_t> inputs,
                                              std::span<const size_t> outputs);

  std::span<std::byte> input(size_t i) const { return inputs_[i].bytes(); }
  std::span<std::byte> output(size_t i) const { return outputs_[i].bytes(); }
  int64_t bytes() const;

  // What the library gets to hand back with the end of a transfer.
  void* write_token(size_t input) { return &writes_[input]; }
  void* read_token(size_t output) { return &reads_[output]; }
  static void on_write(const WriteCompletion* info);
  static void on_read(const ReadCompletion* info);

  // Before an evaluation is queued, and around each of its transfers.
  void start(uint64_t generation);
  void expect_transfer();
  void refuse_transfer(Status status);  // it was expected, and the library did not take it
  uint64_t generation() const { return generation_; }

  // How an evaluation ended, or kTimeout. A transfer that was refused ends it at once.
  struct End {
    Status status = kSuccess;
    size_t missing_bytes = 0;  // of frames that came short
  };
  End wait(std::chrono::milliseconds timeout);
  // Whether the library has handed back every transfer: buffers may be used again.
  bool wait_until_idle(std::chrono::milliseconds timeout);

 private:
  struct Transfer {
    Slot* slot = nullptr;
    size_t bytes = 0;
  };
  void end_transfer(const Transfer& transfer, Status status, size_t bytes);

  std::vector<FrameBuffer> inputs_;
  std::vector<FrameBuffer> outputs_;
  std::deque<Transfer> writes_;
  std::deque<Transfer> reads_;
  uint64_t generation_ = 0;  // of the device it was queued on

  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t pending_ = 0;
  bool refused_ = false;
  End end_;
};

}  // namespace tessera::hailort
