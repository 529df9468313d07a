#include "hailort_stand_in/virtual_device.h"

#include <algorithm>
#include <chrono>

namespace tessera::stand_in {

using namespace hailort;

void Transfer::end(Status status, size_t done_bytes) const {
  if (on_write != nullptr) {
    const WriteCompletion info{status, buffer, done_bytes, opaque};
    on_write(&info);
  } else {
    const ReadCompletion info{status, buffer, done_bytes, opaque};
    on_read(&info);
  }
}

bool Group::is_ready() const {
  const auto has_transfer = [](const GroupStream& stream) { return !stream.queue.empty(); };
  return !is_shut_down && std::all_of(inputs.begin(), inputs.end(), has_transfer) &&
         std::all_of(outputs.begin(), outputs.end(), has_transfer);
}

// Callbacks run without the lock.
void Group::end_all(Status status, std::unique_lock<std::mutex>& lock) {
  std::vector<Transfer> ended;
  for (auto* streams : {&inputs, &outputs}) {
    for (GroupStream& stream : *streams) {
      ended.insert(ended.end(), stream.queue.begin(), stream.queue.end());
      stream.queue.clear();
    }
  }
  lock.unlock();
  for (const Transfer& transfer : ended) transfer.end(status, 0);
  lock.lock();
}

VirtualDevice::VirtualDevice(const Fault& fault) : fault_(fault) {
  thread_ = std::thread([this] { work(); });
}

VirtualDevice::~VirtualDevice() {
  {
    std::unique_lock lock(mutex_);
    ends_ = true;
    changed_.notify_all();
  }
  thread_.join();
  std::unique_lock lock(mutex_);
  for (const auto& group : groups_) group->end_all(kStreamAbort, lock);
}

Group* VirtualDevice::add(std::shared_ptr<RunnablePiece> piece) {
  auto group = std::make_unique<Group>();
  group->piece = std::move(piece);
  group->device = this;
  for (Stream& stream : group->piece->inputs) group->inputs.push_back({this, &stream, {}});
  for (Stream& stream : group->piece->outputs) group->outputs.push_back({this, &stream, {}});
  const std::scoped_lock lock(mutex_);
  groups_.push_back(std::move(group));
  return groups_.back().get();
}

// As the library does: afterwards no callback of the group is to come.
void VirtualDevice::shut_down(Group& group) {
  std::unique_lock lock(mutex_);
  group.is_shut_down = true;
  changed_.wait(lock, [&] { return !is_evaluating_; });
  group.end_all(kStreamAbort, lock);
  changed_.notify_all();
}

Status VirtualDevice::wait_for_room(GroupStream& stream, uint32_t timeout_ms) {
  std::unique_lock lock(mutex_);
  const bool has_room = changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                          [&] { return stream.queue.size() < kQueueSize; });
  return has_room ? kSuccess : kTimeout;
}

Status VirtualDevice::push(GroupStream& stream, const Transfer& transfer) {
  const std::scoped_lock lock(mutex_);
  if (is_lost_) return kCommunicationClosed;
  if (transfer.bytes != stream.stream->info.hw_frame_size) return kInsufficientBuffer;
  // In the middle of an evaluation's transfers: at a write, which come last.
  const bool is_late = fault_.is("full_late") && transfer.on_write != nullptr;
  const bool refuses = (fault_.is("full") && fault_.evaluation == evaluations_) ||
                       (is_late && fault_.evaluation <= evaluations_);
  if (refuses) fault_ = {};
  if (refuses || stream.queue.size() == kQueueSize) return kQueueIsFull;
  stream.queue.push_back(transfer);
  changed_.notify_all();
  return kSuccess;
}

Group* VirtualDevice::ready_group() {
  for (const auto& group : groups_) {
    if (group->is_ready()) return group.get();
  }
  return nullptr;
}

void VirtualDevice::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ends_ || ready_group() != nullptr; });
    if (ends_) return;
    is_evaluating_ = true;
    evaluate(*ready_group(), lock);
    is_evaluating_ = false;
    changed_.notify_all();
  }
}

void VirtualDevice::evaluate(Group& group, std::unique_lock<std::mutex>& lock) {
  const bool is_faulty = fault_.evaluation == evaluations_++;
  std::vector<Transfer> writes;
  std::vector<Transfer> reads;
  const auto take = [](std::deque<GroupStream>& streams, std::vector<Transfer>& taken) {
    for (GroupStream& stream : streams) {
      taken.push_back(stream.queue.front());
      stream.queue.pop_front();
    }
  };
  if (is_faulty && fault_.is("timeout")) {
    // Stays queued, with all that comes after it, until the group is shut down.
    is_evaluating_ = false;
    changed_.notify_all();
    changed_.wait(lock, [&] { return ends_ || group.is_shut_down; });
    return;
  }
  take(group.inputs, writes);
  take(group.outputs, reads);
  if (is_faulty && (fault_.is("lost") || fault_.is("lost_again"))) is_lost_ = true;
  Status status = is_lost_ ? kCommunicationClosed : kSuccess;
  if (is_faulty && fault_.is("abort")) status = kStreamAbort;
  const bool is_short = is_faulty && fault_.is("short");
  lock.unlock();
  if (status == kSuccess) {
    std::vector<const std::byte*> sources;
    std::vector<std::byte*> targets;
    for (const Transfer& write : writes)
      sources.push_back(static_cast<const std::byte*>(write.buffer));
    for (const Transfer& read : reads) targets.push_back(static_cast<std::byte*>(read.buffer));
    group.piece->run(sources, targets);
  }
  for (const Transfer& write : writes) write.end(status, write.bytes);
  for (const Transfer& read : reads) read.end(status, is_short ? read.bytes / 2 : read.bytes);
  lock.lock();
}

}  // namespace tessera::stand_in
