#include "backends/hailo/frame_ring.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

namespace tessera::hailort {

void FrameBuffer::Free::operator()(std::byte* memory) const {
  std::free(memory);
}

Result<FrameBuffer> FrameBuffer::create(size_t bytes) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t whole = (bytes + page - 1) / page * page;
  FrameBuffer buffer;
  buffer.memory_.reset(static_cast<std::byte*>(std::aligned_alloc(page, whole)));
  buffer.bytes_ = bytes;
  if (buffer.memory_ == nullptr) {
    return TESSERA_ERROR(kResourceLimit, "frames of the device",
                         fmt::format("{} bytes cannot be had", whole), "free some memory");
  }
  std::memset(buffer.memory_.get(), 0, whole);
  return buffer;
}

Result<std::unique_ptr<Slot>> Slot::create(std::span<const size_t> inputs,
                                           std::span<const size_t> outputs) {
  auto slot = std::make_unique<Slot>();
  for (const size_t bytes : inputs) {
    TESSERA_TRY(FrameBuffer buffer, FrameBuffer::create(bytes));
    slot->inputs_.push_back(std::move(buffer));
    slot->writes_.push_back({slot.get(), bytes});
  }
  for (const size_t bytes : outputs) {
    TESSERA_TRY(FrameBuffer buffer, FrameBuffer::create(bytes));
    slot->outputs_.push_back(std::move(buffer));
    slot->reads_.push_back({slot.get(), bytes});
  }
  return slot;
}

int64_t Slot::bytes() const {
  size_t sum = 0;
  for (const FrameBuffer& buffer : inputs_) sum += buffer.bytes().size();
  for (const FrameBuffer& buffer : outputs_) sum += buffer.bytes().size();
  return static_cast<int64_t>(sum);
}

void Slot::on_write(const WriteCompletion* info) {
  const auto& transfer = *static_cast<const Transfer*>(info->opaque);
  transfer.slot->end_transfer(transfer, info->status, info->buffer_size);
}

void Slot::on_read(const ReadCompletion* info) {
  const auto& transfer = *static_cast<const Transfer*>(info->opaque);
  transfer.slot->end_transfer(transfer, info->status, info->buffer_size);
}

// Notifies while it holds the mutex: the waiting thread may destroy the slot as soon as it has it.
void Slot::end_transfer(const Transfer& transfer, Status status, size_t bytes) {
  const std::scoped_lock lock(mutex_);
  --pending_;
  if (end_.status == kSuccess) end_.status = status;
  if (status == kSuccess && bytes < transfer.bytes) end_.missing_bytes += transfer.bytes - bytes;
  changed_.notify_all();
}

void Slot::start(uint64_t generation) {
  const std::scoped_lock lock(mutex_);
  generation_ = generation;
  refused_ = false;
  end_ = {};
}

void Slot::expect_transfer() {
  const std::scoped_lock lock(mutex_);
  ++pending_;
}

void Slot::refuse_transfer(Status status) {
  const std::scoped_lock lock(mutex_);
  --pending_;
  refused_ = true;
  end_.status = status;
}

Slot::End Slot::wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const bool ended = changed_.wait_for(lock, timeout, [&] { return pending_ == 0 || refused_; });
  return ended ? end_ : End{kTimeout, 0};
}

bool Slot::wait_until_idle(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return pending_ == 0; });
}

}  // namespace tessera::hailort
